"""What every trained network shares."""
