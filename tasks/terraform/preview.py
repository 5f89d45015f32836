"""What an apply would do, told without a lock and without a word to the state."""

from dataclasses import dataclass

from tasks.step import step
from tasks.terraform import failures
from tasks.terraform.commands import CHANGES, preview_command
from tasks.terraform.forecast import Forecast, read_forecast
from tasks.terraform.plans import Plan, read_plan
from tasks.terraform.progress import Progress
from tasks.terraform.runs import initialise, output, show, stream
from tasks.terraform.stacks import Stack
from tasks.terraform.steps import forget


@dataclass(frozen=True)
class Preview:
    """The plan, and the stack's outputs as they would be."""

    plan: Plan
    forecast: Forecast


@step("terraform-preview-{stack.name}")
def preview(stack: Stack) -> Preview:
    """Compare what Azure has with what the files want; the plan file does not outlive this step."""
    forget(stack)
    initialise(stack)
    progress = Progress()
    ended = stream(preview_command(stack), progress)
    try:
        if ended.code not in (0, CHANGES):
            what = f"terraform plan of {stack.name}"
            raise failures.failure(what, progress.errors, ended.complaint)
        plan = read_plan(stack.name, progress.events)
        if not ended.code:
            found = {name: one["value"] for name, one in output(stack).items()}
            return Preview(plan, Forecast(outputs=found))
        shown = show(stack, str(stack.forecast_file))
    finally:
        stack.forecast_file.unlink(missing_ok=True)
    return Preview(plan.explained(shown) if plan.needs_reasons else plan, read_forecast(shown))
