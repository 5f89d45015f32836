"""What commands ask of the weather of a running sandbox."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import arm
from sandbox.weather import plans
from sandbox.weather.weather import UnknownFaultError, Weather

Handler = Callable[[Request], Awaitable[Response]]


class Control:
    """Its routes stand behind the guard of the server."""

    def __init__(self, weather: Callable[[], Weather]) -> None:
        """The weather changes with the cloud, so it is asked for each time."""
        self._weather = weather

    def asked(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/faults"): self.show,
            ("POST", "/faults"): self.add,
            ("DELETE", "/faults"): self.clear,
            ("DELETE", "/faults/{name:path}"): self.remove,
        }

    async def show(self, _request: Request) -> Response:
        return JSONResponse({"faults": self._weather().active()})

    async def add(self, request: Request) -> Response:
        """A scenario by its name, or the text of a plan."""
        try:
            asked = await arm.read_object(request)
            name = str(asked.get("scenario", ""))
            text, file = str(asked.get("text", "")), str(asked.get("file", ""))
            plan = plans.scenario(name) if name else plans.parse(text, file)
        except (arm.ArmError, plans.PlanError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"added": self._weather().add(plan.faults, name)})

    async def clear(self, _request: Request) -> Response:
        gone = [one["id"] for one in self._weather().active()]
        self._weather().clear()
        return JSONResponse({"removed": gone})

    async def remove(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = [one["id"] for one in self._weather().active()]
        gone = [one for one in known if one == name or one.startswith(f"{name}/")]
        try:
            for one in gone or [name]:
                self._weather().remove(one)
        except UnknownFaultError:
            there = f"There are: {', '.join(known)}." if known else "There is none."
            return JSONResponse({"error": f"No fault is called {name!r}. {there}"}, 404)
        return JSONResponse({"removed": gone})
