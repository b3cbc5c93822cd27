"""A folder of OSV advisories as a vulnerability service of pip-audit, for audits without a network.

Words are those of the OSV schema (https://ossf.github.io/osv-schema/): a *record* is one advisory, which is about
*affected* packages, whose versions it gives as a list and as *ranges* of *events*.
"""
