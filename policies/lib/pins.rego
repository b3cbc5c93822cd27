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
# scope: document
# title: Pins that cover everything
# description: |
#   Every file of the subject is pinned by itself, or the subject as a whole, or a folder that it lies in. A document
#   of pins that lies among the files does not pin itself, and need not.
cover(result, _) if {
	result.folder == false
	result.pins[0]
}

cover(result, location) if {
	result.folder == true
	some pin in result.pins
	around(pin.path, trim_right(location, "/"))
}

cover(result, location) if {
	result.folder == true
	result.files >= 1
	inside := concat("", [trim_right(location, "/"), "/"])
	covered := {path | some pin in result.pins; some path in [pin.path, pin.source]; startswith(path, inside)}
	count(covered) >= result.files
}

around(place, location) if place in {location, "."}

around(place, location) if startswith(location, concat("", [place, "/"]))

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
