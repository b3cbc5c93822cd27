"""CycloneDX documents (https://cyclonedx.org/specification/overview/), read from the raw JSON.

The library's own model drops ``modelCard`` on a round trip, so only its validators are used.
"""
