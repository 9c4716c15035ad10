"""Section 6: what was assumed, where the model is known to miss, and what it cannot know."""

from inferon.report.blocks import Block, Bullets, Paragraph, Section
from inferon.report.inputs import ReportInputs
from inferon.report.vocabulary import plain
from inferon.report.words import sentence


def section(inputs: ReportInputs) -> Section:
    """Assumptions of the run, then the module's own words on its misfits, then the checks that bear on it."""
    blocks: list[Block] = [
        Paragraph("Assumptions of this study:"),
        Bullets(list(inputs.estimates.get("assumptions") or ())),
    ]
    for note in inputs.estimates.get("notes") or ():
        blocks += [
            Paragraph(f"{sentence(plain(note['module']))} module. {sentence(note['title'])}:"),
            Bullets(note["text"]),
        ]
    if checks := inputs.estimates.get("checks"):
        blocks += [
            Paragraph(_CHECKS),
            Bullets([f"{one['id']} ({plain(one['module'])}): {one['about']}" for one in checks]),
        ]
    return Section("limits", "Assumptions, known misfits and limits", blocks)


_CHECKS = "Acceptance checks of the specification that bear on this study (`inferon models check ID` runs one):"
