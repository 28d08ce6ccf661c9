"""From words to a resolved configuration and to what it names. The only room that imports hydra."""
