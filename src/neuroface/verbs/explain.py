"""`neuroface explain`: what the models of a run rest on, each person judged by the fold that left them out."""

from __future__ import annotations

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, did_you_mean
from neuroface.studies.folders import run_folders

MAPS = ("keypoints",)
MOST = 10.0  # times that a movement may be exaggerated: a face has an end


def run(overrides: list[str]) -> None:
    """Write explain/ into each run folder: of tables which features count, of pictures and clips where on the face."""
    config, _ = compose("explain", overrides)
    for key in ("panels", "repeats", "checks", "refits"):
        if not isinstance(config[key], int) or config[key] < (key == "repeats"):
            raise ConfigError(
                f"{key} is {config[key]!r}; it must be a whole number of at least {int(key == 'repeats')}."
            )
    if not isinstance(config.tiles, int) or config.tiles < 0 or config.tiles % 2:
        raise ConfigError(f"tiles is {config.tiles!r}; it must be an even number, so that tiles lie opposite, or 0.")
    if not isinstance(config.exaggerate, int | float) or not 0 < config.exaggerate <= MOST:
        raise ConfigError(f"exaggerate is {config.exaggerate!r}; it must be a number above 0, up to {MOST:g}.")
    if not isinstance(config.relief, bool) or (config.relief and not config.face):
        raise ConfigError(f"relief is {config.relief!r}; it must be true or false, and true goes with face=true.")
    if config.flame and (config.relief or not config.face):
        raise ConfigError("flame= names the head of face=true, and relief=true is of the package's own head alone.")
    if config.flame_landmarks and not config.flame:
        raise ConfigError("flame_landmarks= says where landmarks are on the head of flame=FILE; give that, too.")
    if config.map not in (None, *MAPS):
        raise ConfigError(f"map={config.map}: there is no such map." + did_you_mean(str(config.map), MAPS))
    from neuroface.studies.digital_face import draw_faces
    from neuroface.studies.explain import explain
    from neuroface.studies.finished import run_config, view_name
    from neuroface.studies.importance import explain_table
    from neuroface.studies.keypoints import explain_keypoints
    from neuroface.studies.same_key import refuse_lost_key

    head = None
    if config.flame:
        from neuroface.explain.flame import load
        from neuroface.explain.heads import FlameHead

        head = FlameHead(load(config.flame, config.flame_landmarks))
    for path in run_folders(config.run):
        refuse_lost_key(path)
        of_run = run_config(path, config)
        if config.map == "keypoints":
            print(explain_keypoints(path, of_run, checks=config.checks, refits=config.refits))
        if config.face:
            print(draw_faces(path, of_run, exaggerate=float(config.exaggerate), relief=config.relief, head=head))
        if config.map == "keypoints" or config.face:
            continue
        if view_name(of_run) == "table":
            print(explain_table(path, of_run, repeats=config.repeats, checks=config.checks))
        else:
            print(explain(path, asked=config, n_panels=config.panels, tiles=config.tiles, refits=config.refits))
