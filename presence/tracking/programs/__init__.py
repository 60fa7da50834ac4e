"""Other programs on this machine or network that track a person, or want to know what one does."""
