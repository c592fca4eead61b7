"""How things look in every face: colours, states, series, numbers. Imports the standard library alone."""
