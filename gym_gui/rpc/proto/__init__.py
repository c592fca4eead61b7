"""The wire format (`mosaic.proto`) and its generated stubs."""
