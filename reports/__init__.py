"""An assessment rendered: one file per format, each returning text and printing nothing."""
