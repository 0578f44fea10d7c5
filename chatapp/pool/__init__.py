"""The model pool: many accounts of many providers behind one chat model."""
