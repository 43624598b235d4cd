"""What a network says of a knock-out: the response of every gene, against rewired networks."""
