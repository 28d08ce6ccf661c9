"""HTNet and its palsy adaptation as published, written plainly: channel-first 1x1 convolutions, `einsum` attention.

The oracle of test_htnet.py and the slow side of scripts/bench/htnet.py. It shares no code with neuroface; its state
dict has the official names (github.com/wangzhifengharrison/HTNet, Model.py).
"""

from __future__ import annotations

import torch
from torch import einsum, nn
from torch.nn.functional import interpolate


class ChannelNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.g, self.b = nn.Parameter(torch.ones(1, dim, 1, 1)), nn.Parameter(torch.zeros(1, dim, 1, 1))

    def forward(self, x):
        centred = x - x.mean(1, keepdim=True)
        return centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt() * self.g + self.b


class Normed(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm, self.fn = ChannelNorm(dim), fn

    def forward(self, x):
        return self.fn(self.norm(x))


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(dim, 4 * dim, 1), nn.GELU(), nn.Dropout(0), nn.Conv2d(4 * dim, dim, 1), nn.Dropout(0)
        )

    def forward(self, x):
        return self.net(x)


def attention(q, k, v, heads, allowed=None):
    """(N, heads * d, h, w) each."""
    n, _, h, w = q.shape
    q, k, v = (t.reshape(n, heads, -1, h * w) for t in (q, k, v))
    dots = einsum("nhdi,nhdj->nhij", q, k) / q.shape[2] ** 0.5
    if allowed is not None:
        dots = dots.masked_fill(~allowed, -1e9)
    return einsum("nhij,nhdj->nhdi", dots.softmax(-1), v).reshape(n, -1, h, w)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, inner = heads, heads * (dim // heads)
        self.to_qkv = nn.Conv2d(dim, 3 * inner, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(inner, dim, 1), nn.Dropout(0))

    def forward(self, x):
        return self.to_out(attention(*self.to_qkv(x).chunk(3, dim=1), self.heads))


class MicroAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, inner = heads, heads * (dim // heads)
        self.to_q, self.to_k, self.to_v = (nn.Conv2d(dim, inner, 1, bias=False) for _ in range(3))
        self.to_out = nn.Sequential(nn.Conv2d(inner, dim, 1), nn.Dropout(0))
        self.asymmetry_score = nn.Sequential(nn.Conv2d(2 * dim, dim, 1), nn.GELU(), nn.Conv2d(dim, 1, 1), nn.Sigmoid())

    def asymmetry(self, x):
        half = x.shape[-1] // 2
        halves = torch.cat([x[..., :half], x[..., x.shape[-1] - half :].flip(-1)], dim=1)
        return interpolate(self.asymmetry_score(halves), x.shape[-2:], mode="bilinear", align_corners=False)

    def forward(self, x):
        places = [(i, j) for i in range(x.shape[2]) for j in range(x.shape[3])]
        allowed = torch.tensor([[max(abs(a - c), abs(b - d)) <= 1 for c, d in places] for a, b in places])
        out = attention(self.to_q(x), self.to_k(x), self.to_v(x), self.heads, allowed)
        return self.to_out(out * (1 + 0.5 * self.asymmetry(x)))


class Transformer(nn.Module):
    def __init__(self, dim, tokens, depth, heads, micro):
        super().__init__()
        self.pos_emb = nn.Parameter(torch.randn(tokens))
        kinds = [MicroAttention if micro and i % 2 else Attention for i in range(depth)]
        self.layers = nn.ModuleList(
            nn.ModuleList([Normed(dim, kind(dim, heads)), Normed(dim, FeedForward(dim))]) for kind in kinds
        )

    def forward(self, x):
        x = x + self.pos_emb.reshape(x.shape[-2:])
        for attend, feed in self.layers:
            x = x + attend(x)
            x = x + feed(x)
        return x


class RoiModule(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.roi_detector, self.background_suppressor = self.maps(dim, 5), self.maps(dim, 1)
        self.roi_refine = nn.Sequential(nn.Conv2d(dim + 6, dim, 3, padding=1), nn.BatchNorm2d(dim), nn.GELU())
        prior = [[1 - 0.5 * (((i - 16) ** 2 + (j - 16) ** 2) / 512) ** 0.5 for j in range(32)] for i in range(32)]
        self.register_buffer("facial_prior", torch.tensor([[prior]]))

    @staticmethod
    def maps(dim, n):
        trunk = (nn.Conv2d(dim, dim // 2, 3, padding=1), nn.BatchNorm2d(dim // 2), nn.GELU())
        return nn.Sequential(*trunk, nn.Conv2d(dim // 2, n, 1), nn.Sigmoid())

    def forward(self, x):
        prior = interpolate(self.facial_prior, x.shape[-2:], mode="bilinear", align_corners=False)
        mask = self.background_suppressor(x) * prior
        roi = self.roi_detector(x) * mask
        return x + self.roi_refine(torch.cat([x, roi, mask], dim=1)) * mask, roi, mask


class PublishedHTNet(nn.Module):
    def __init__(self, image, patch, classes, dim, heads, levels, repeats, *, micro=False, roi=False):
        super().__init__()
        self.patch, tokens = patch, (image // patch // 2 ** (levels - 1)) ** 2
        self.to_patch_embedding = nn.Sequential(nn.Identity(), nn.Conv2d(3 * patch**2, dim, 1))
        if roi:
            self.roi_module = RoiModule(dim)
        self.layers = nn.ModuleList()
        for level, depth in enumerate(repeats):
            width = dim * 2**level
            last = level == levels - 1
            join = nn.Sequential(
                nn.Conv2d(width, 2 * width, 3, padding=1), ChannelNorm(2 * width), nn.MaxPool2d(3, 2, 1)
            )
            transformer = Transformer(width, tokens, depth, heads * 2**level, micro)
            self.layers.append(nn.ModuleList([transformer, nn.Identity() if last else join]))
        self.mlp_head = nn.Sequential(ChannelNorm(width), nn.Identity(), nn.Linear(width, classes))

    def forward(self, x):
        p = self.patch
        b, c, h, w = x.shape
        x = x.reshape(b, c, h // p, p, w // p, p).permute(0, 3, 5, 1, 2, 4).reshape(b, p * p * c, h // p, w // p)
        x = self.to_patch_embedding(x)
        if hasattr(self, "roi_module"):
            x, self.roi, self.mask = self.roi_module(x)
        for level, (transformer, join) in zip(reversed(range(len(self.layers))), self.layers, strict=True):
            n = 2**level
            b, c, h, w = x.shape
            x = x.reshape(b, c, n, h // n, n, w // n).permute(0, 2, 4, 1, 3, 5).reshape(b * n * n, c, h // n, w // n)
            x = transformer(x)
            x = x.reshape(b, n, n, c, h // n, w // n).permute(0, 3, 1, 4, 2, 5).reshape(b, c, h, w)
            x = join(x)
        norm, _, head = self.mlp_head
        return head(norm(x).mean((2, 3)))


class Fusion(nn.Module):
    """The official Fusionmodel, without dropout, on vectors (3,) of one face."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc_2 = nn.Linear(15, 3), nn.Linear(6, 3)

    def forward(self, whole, *regions):
        fused = self.fc1(torch.cat(regions)).relu()
        return self.fc_2(torch.cat([whole, fused]).relu())
