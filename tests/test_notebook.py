"""The notebook runs from top to bottom on the sample logs."""

from __future__ import annotations

import warnings
from pathlib import Path

import nbformat


def test_explore_runs_top_to_bottom(root: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own machinery, not of ours
        from nbclient import NotebookClient

        notebook = nbformat.read(root / "notebooks" / "explore.ipynb", as_version=4)
        client = NotebookClient(
            notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(root / "notebooks")}}
        )
        client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4, "a plot is not shown"
    assert not [output for output in outputs if output.output_type == "error"]


def test_notebook_is_stored_without_outputs(root: Path) -> None:
    notebook = nbformat.read(root / "notebooks" / "explore.ipynb", as_version=4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
