package probatum.lib.moment_test

import rego.v1

import data.probatum.lib.moment

test_times if {
	moment.ns("2026-11-20T07:00:00Z") == 1795158000000000000
	moment.ns("2026-11-20T07:00:00.5Z") == 1795158000500000000
	moment.ns("2026-11-20T08:30:00+01:30") == 1795158000000000000
	moment.ns("1970-01-01") == 0
}

test_other_text_is_no_time if {
	odd := [
		"", "soon", "2026-13-01", "2026-00-01", "2026-11-32", "2026-11-20T24:00:00Z", "2026-11-20T07:00:00",
		"2026-11-20 07:00:00Z", "1969-12-31", "2200-01-01", "9999-12-31T00:00:00Z", "2026-11-20T07:00:00Zx", 20261120,
		null, {}, [],
	]
	every text in odd { not moment.ns(text) }
}

test_a_date_expires_with_its_day if {
	moment.day == 86400000000000
	moment.expiry("2026-11-20") - moment.ns("2026-11-20") == moment.day
	moment.expiry("2026-11-20T07:00:00Z") == moment.ns("2026-11-20T07:00:00Z")
	not moment.expiry("soon")
	not moment.expiry(7)
}
