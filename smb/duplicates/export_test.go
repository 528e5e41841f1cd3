package duplicates

// PairsWithin is pairsWithin, for tests of what it leaves out.
var PairsWithin = pairsWithin
