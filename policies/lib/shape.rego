# METADATA
# title: The shape of evidence
# description: |
#   Guards that make an odd value harmless: an engine may raise where a list, a string or a number has another type,
#   and a rule that is undefined says nothing. Every function here is defined, or undefined, in every engine alike.
#   Negate only comparisons with == (not item.key == value) and calls on values that are bound: OPA leaves a rule
#   undefined where a negated call, another comparison or a negated "in" has an argument that is missing, and regorus
#   does not. That is why some functions take the item and the key.
#   Calls are dear in the embedded engine (2 to 8 µs), comparisons are not (0.2 µs). What runs for every subject
#   therefore compares: list[0] holds for a list that is not empty, text > "" for a text that says something, as values
#   are ordered null < boolean < number < string < array < object.
package probatum.lib.shape

import rego.v1

# METADATA
# title: Members of a list
# description: The value itself when it is an array, else an empty array, so that iteration never raises.
items(value) := value if is_array(value)

else := []

# METADATA
# title: A list with something in it
filled(value) if {
	is_array(value)
	count(value) > 0
}

# METADATA
# title: A field that has one of some values
one_of(item, key, values) if item[key] in values

# METADATA
# title: A field that is a string that says something
states(item, key) if stated(item[key])

# METADATA
# title: A list of as many members as were counted when it was made
counted(value, number) if {
	is_array(value)
	is_number(number) # probatum:survives drop: a count equals numbers only; this tells OPA that others may be asked about
	count(value) == number
}

# METADATA
# title: A string that says something
stated(value) if {
	is_string(value)
	trim_space(value) != ""
}

# METADATA
# title: A list, possibly empty, of strings that say something
texts(value) if {
	is_array(value)
	every text in value { stated(text) }
}

# METADATA
# title: A whole number of at least one
positive(value) if {
	is_number(value)
	value >= 1
}

# METADATA
# title: A whole number of at least zero
natural(value) if {
	is_number(value)
	value >= 0
}

# METADATA
# title: A digest in lower-case hexadecimal
# description: Without a regular expression, which the embedded engine compiles anew at each call.
hex(value) if {
	is_string(value)
	value != ""
	trim(value, "0123456789abcdef") == ""
}

# METADATA
# title: A field of an item, for a message
# description: The field when it is a string, else a word that says it is missing, so that a finding is never lost.
shown(item, key) := item[key] if is_string(item[key])

else := "unstated"

# METADATA
# title: A member of a list of strings, for a message
word(value) := value if is_string(value)

else := "unstated"

# METADATA
# title: A field that is a list of strings, for a message
listed(item, key) := joined(item[key]) if filled(item[key])

else := "unstated"

# METADATA
# title: A list or set of strings, for a message
# description: At most five members, sorted, with the number of the others.
joined(values) := concat(", ", names) if {
	names := sort({word(value) | some value in values})
	count(names) <= 5
}

# probatum:survives constant: a slice that begins before the first member begins with it
else := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 5)), count(names) - 5]) if {
	names := sort({word(value) | some value in values})
}
