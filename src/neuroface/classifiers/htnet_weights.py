"""Weights of the official HTNet and of its palsy adaptation <-> ours, name by name, without loss.

| official (channel-first)                       | ours (token-major)                                  | change          |
|------------------------------------------------|-----------------------------------------------------|-----------------|
| to_patch_embedding.1.*                         | embed.*                                             | 1x1 -> linear   |
| layers.L.0.pos_emb                             | levels.L.position                                   |                 |
| layers.L.0.layers.B.0.norm.{g,b}               | levels.L.blocks.B.attention_norm.{weight,bias}      | (1,C,1,1) -> C  |
| layers.L.0.layers.B.0.fn.to_qkv.weight         | levels.L.blocks.B.attention.{to_qk,to_v}.weight     | split at 2/3    |
| layers.L.0.layers.B.0.fn.to_{q,k,v}.weight     | the same two, in blocks with micro-attention        | q and k stacked |
| layers.L.0.layers.B.0.fn.to_out.0.*            | levels.L.blocks.B.attention.to_out.*                | 1x1 -> linear   |
| layers.L.0.layers.B.0.fn.asymmetry_score.{0,2} | levels.L.blocks.B.asymmetry.{compare,score}         | 1x1 -> linear   |
| layers.L.0.layers.B.1.norm.{g,b}               | levels.L.blocks.B.feed_norm.{weight,bias}           | (1,C,1,1) -> C  |
| layers.L.0.layers.B.1.fn.net.{0,3}.*           | levels.L.blocks.B.{widen,narrow}.*                  | 1x1 -> linear   |
| layers.L.1.0.*                                 | levels.L.merge.conv.*                               |                 |
| layers.L.1.1.{g,b}                             | levels.L.merge.norm.{weight,bias}                   | (1,C,1,1) -> C  |
| mlp_head.0.{g,b}                               | head_norm.{weight,bias}                             | (1,C,1,1) -> C  |
| mlp_head.2.*                                   | head.*                                              |                 |
| roi_module.roi_detector.*                      | regions.detect.*                                    |                 |
| roi_module.background_suppressor.*             | regions.foreground.*                                |                 |
| roi_module.roi_refine.*, facial_prior          | regions.refine.*, prior                             |                 |

The "mirror" variants have no official counterpart. Names: github.com/wangzhifengharrison/HTNet, Model.py.
"""
