package backup

// ReadKeys is readKeys, for its fuzz target.
var ReadKeys = readKeys
