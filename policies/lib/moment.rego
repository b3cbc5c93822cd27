# METADATA
# title: Moments
# description: Reads RFC 3339 times and dates without raising on other text. Unit - nanoseconds since 1970.
package probatum.lib.moment

import rego.v1

day := ((24 * 60) * 60) * 1000000000

# METADATA
# title: When an RFC 3339 time, or a date at its start in UTC, was
# description: Undefined for everything else; years before 1970 and after 2199 are refused, as engines differ there.
ns(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(sprintf(`^%sT%s$`, [date, clock]), text)
}

else := time.parse_rfc3339_ns(concat("", [text, "T00:00:00Z"])) if {
	is_string(text)
	regex.match(sprintf(`^%s$`, [date]), text)
}

# METADATA
# title: When something that expires at a time, or with the end of a date in UTC, does so
expiry(text) := ns(text) + day if {
	is_string(text)
	regex.match(sprintf(`^%s$`, [date]), text)
}

else := ns(text)

# 31 days in each month is enough of a guard: 30 February is an error of the engine, hence never a pass.
date := `(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`

clock := `([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])`
