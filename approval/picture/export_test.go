package picture

// Orientation is orientation.
var Orientation = orientation
