"""Converters from membranes and sensors to bytes: the columnar ADC."""
