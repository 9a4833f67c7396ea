"""Pictures scaled by area, pixel by pixel: a slow twin of :func:`host.tasks.digits.scaled`."""


def scaled(image, side=16):
    """Return rows of means of a picture of bytes, each old pixel weighed by its area in the new one, 255 becoming 1."""
    height, width = len(image), len(image[0])
    tall, wide = height / side, width / side
    found = []
    for i in range(side):
        for j in range(side):
            total = 0.0
            for y in range(height):
                for x in range(width):
                    high = min((i + 1) * tall, y + 1) - max(i * tall, y)
                    broad = min((j + 1) * wide, x + 1) - max(j * wide, x)
                    if high > 0 and broad > 0:
                        total += high * broad * image[y][x]
            found.append(total / (tall * wide) / 255)
    return found
