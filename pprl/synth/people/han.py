"""Names written in Han characters: the same name is always written with the same characters.

A surname is one character and a given name two, so that a comparison by pairs of letters has little to go on and a
phonetic key nothing at all. Which names are Chinese does not matter: it is the script that is tried.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pprl.base.arrays import Int32s
from pprl.synth.draw import hashed

__all__ = ["han_given_names", "han_surnames"]

_SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤"
)
"""Common Chinese surnames, by general knowledge; all are equally likely here."""

_GIVEN = tuple(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰红玉梅华建国文志新春海燕玲峰鹏宇浩欣怡佳雪婷晨雨子涵"
)
"""Common characters of given names, by general knowledge; all are equally likely here."""


def han_surnames(codes: Int32s) -> Any:
    """Return a surname of one character for each code of a surname."""
    return pa.array(_SURNAMES).take(_places(codes, "surname", len(_SURNAMES)))


def han_given_names(codes: Int32s) -> Any:
    """Return a given name of two characters for each code of a given name."""
    pairs = pa.array([first + second for first in _GIVEN for second in _GIVEN])
    return pairs.take(_places(codes, "given", len(_GIVEN) ** 2))


def _places(codes: Int32s, what: str, count: int) -> Any:
    return pa.array((hashed(codes, "han", what) % np.uint64(count)).astype(np.int64))
