package probatum.lib.shape_test

import rego.v1

import data.probatum.lib.shape

# One value of each type of JSON.
values := [null, true, 1, "text", ["a"], {"a": 1}]

test_items_of_anything_is_a_list if {
	[shape.items(value) | some value in values] == [[], [], [], [], ["a"], []]
}

test_filled_is_a_list_with_members if {
	[value | some value in values; shape.filled(value)] == [["a"]]
	not shape.filled([])
}

test_one_of_needs_the_field if {
	shape.one_of({"a": 1}, "a", [1])
	not shape.one_of({"a": 1}, "a", [2])
	not shape.one_of({"a": null}, "b", [null])
	not shape.one_of("a", "a", ["a"])
}

test_stated_is_text_that_says_something if {
	[value | some value in values; shape.stated(value)] == ["text"]
	not shape.stated(" ")
	shape.states({"a": "x"}, "a")
	not shape.states({"a": ""}, "a")
	not shape.states({}, "a")
}

test_counted_needs_list_and_number if {
	shape.counted([], 0)
	shape.counted(["a"], 1)
	not shape.counted(["a"], 2)
	not shape.counted({"a": 1}, 1)
	not shape.counted(["a"], "1")
}

test_texts_are_all_stated if {
	shape.texts([])
	shape.texts(["a", "b"])
	not shape.texts(["a", " "])
	not shape.texts(["a", 1])
	not shape.texts("a")
	not shape.texts({"a": "x"})
}

test_numbers if {
	[value | some value in values; shape.positive(value)] == [1]
	[value | some value in [-1, 0, 1, "1"]; shape.natural(value)] == [0, 1]
	not shape.positive(0)
}

test_hex_is_lower_case if {
	[value | some value in values; shape.hex(value)] == []
	shape.hex("00ff")
	not shape.hex("00FF")
	not shape.hex("")
	not shape.hex("0x0")
}

test_shown_never_is_undefined if {
	count([shape.shown(value, "a") | some value in values]) == 6
	{shape.shown(value, "a") | some value in values} == {"unstated"}
	shape.shown({"a": "x"}, "a") == "x"
}

test_word_never_is_undefined if {
	[shape.word(value) | some value in values] == ["unstated", "unstated", "unstated", "text", "unstated", "unstated"]
}

test_listed_is_sorted_and_short if {
	shape.listed({"a": ["y", "x", 1]}, "a") == "unstated, x, y"
	shape.listed({"a": ["7", "6", "5", "4", "3", "2", "1"]}, "a") == "1, 2, 3, 4, 5 and 2 more"
	shape.listed({"a": []}, "a") == "unstated"
	shape.listed({}, "a") == "unstated"
	shape.listed("a", "a") == "unstated"
	shape.joined({"b", "a"}) == "a, b"
	shape.joined({"1", "2", "3", "4", "5"}) == "1, 2, 3, 4, 5"
	shape.joined({"1", "2", "3", "4", "5", "6"}) == "1, 2, 3, 4, 5 and 1 more"
}
