"""SHIM"""


def scaling(settings):
    return settings.scale
