"""What people say: from a device to the network, and from the network to where the sayer stands."""
