"""ShadowPrice: places pods that share GPUs where they destroy the least worth."""

from schedlab_algorithms.shadow_price.plugin import ShadowPrice

__all__ = ["ShadowPrice"]
