# METADATA
# title: Pins
# description: |
#   A pin is a digest that a document beside the content states of it: DVC, a signed manifest, a checksum file.
#   See collectors/hashes.schema.json.
package probatum.lib.pins

import rego.v1

import data.probatum.lib.shape

# METADATA
# title: A pin that holds
# description: The digest that was stated is the one that was computed; format and algorithm are accepted.
holds(pin, formats, algorithms) if {
	pin.match == true
	pin.expected == pin.actual
	pin.expected > ""
	pin.format in formats
	pin.algorithm in algorithms
}

# METADATA
# title: What is wrong with a pin, for a message
flaw(pin, formats, algorithms) := message if {
	not shape.one_of(pin, "format", formats)
	message := sprintf("the format of its pin in %s is not accepted", [shape.shown(pin, "source")])
}

else := message if {
	not shape.one_of(pin, "algorithm", algorithms)
	names := [shape.shown(pin, "source"), shape.shown(pin, "algorithm")]
	message := sprintf("its pin in %s uses %s, which is not accepted", names)
}

else := sprintf("its content is not what %s pins: expected %s, found %s", [
	shape.shown(pin, "source"),
	shape.shown(pin, "expected"),
	shape.shown(pin, "actual"),
])
