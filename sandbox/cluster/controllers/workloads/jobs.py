"""Jobs: pods that end, counted until enough have succeeded or too many have failed."""

from typing import Any

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import JOBS, PODS, Key, Manifest
from sandbox.cluster.controllers.objects import (
    age,
    condition,
    has_condition,
    leaving,
    now,
    pod_is_finished,
    pod_is_ready,
    status,
)
from sandbox.cluster.controllers.workloads.pods import create_pod, delete_pod, pod_of

SOURCE = "job-controller"
FIRST_BACKOFF = 10.0  # Seconds between a failed pod and the next one, doubled each time.
LAST_BACKOFF = 600.0

TOO_MANY_FAILURES = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
TOO_LATE = ("DeadlineExceeded", "Job was active longer than specified deadline")
ENOUGH = ("CompletionsReached", "Reached expected number of succeeded pods")


def restarts(pod: Manifest) -> int:
    containers = status(pod).get("containerStatuses") or []
    return sum(item.get("restartCount", 0) for item in containers)


class Jobs(Controller):
    kind = JOBS
    owns = (PODS,)

    async def reconcile(self, key: Key) -> float | None:
        job = self.cache.get(JOBS, key)
        if job is None or leaving(job):
            return None
        if has_condition(job, "Complete") or has_condition(job, "Failed"):
            return await self._expire(job)
        if job["spec"].get("suspend"):
            return None
        pods = self.cache.owned(PODS, job)
        if not status(job).get("startTime"):
            await self.around.set_status(JOBS, job, {"startTime": now()})
            job = self.cache.get(JOBS, key) or job
        return await self._advance(job, pods)

    async def _advance(self, job: Manifest, pods: list[Manifest]) -> float | None:
        succeeded = sum(status(pod).get("phase") == "Succeeded" for pod in pods)
        failed = sum(status(pod).get("phase") == "Failed" for pod in pods)
        active = [pod for pod in pods if not pod_is_finished(pod) and not leaving(pod)]
        verdict = self._verdict(job, active, failed)
        if verdict is not None:
            await self._fail(job, active, succeeded, failed, *verdict)
            return None
        wanted = job["spec"].get("completions") or 1
        if succeeded >= wanted:
            ended = {"completionTime": now(), "conditions": complete()}
            await self._report(job, [], succeeded, failed, ended)
            return None
        left = self._deadline(job)
        pause = self._pause(pods, failed)
        if pause <= 0:
            room = min(job["spec"].get("parallelism", 1), wanted - succeeded) - len(active)
            active += [await self._create(job) for _ in range(room)]
        await self._report(job, active, succeeded, failed, {})
        later = [seconds for seconds in (left, pause or None) if seconds is not None]
        return min(later) if later else None

    async def _create(self, job: Manifest) -> Manifest:
        metadata = job["metadata"]
        marks = {
            "batch.kubernetes.io/controller-uid": metadata["uid"],
            "batch.kubernetes.io/job-name": metadata["name"],
            "controller-uid": metadata["uid"],
            "job-name": metadata["name"],
        }
        return await create_pod(self.around, SOURCE, JOBS, pod_of(JOBS, job, extra_labels=marks))

    def _verdict(
        self, job: Manifest, active: list[Manifest], failed: int
    ) -> tuple[str, str] | None:
        """Why the job has failed, if it has."""
        limit = job["spec"].get("backoffLimit", 6)
        in_place = sum(map(restarts, active))
        if failed > limit or (in_place > 0 and in_place >= limit):
            return TOO_MANY_FAILURES
        left = self._deadline(job)
        return TOO_LATE if left is not None and left <= 0 else None

    def _deadline(self, job: Manifest) -> float | None:
        """Seconds left of `activeDeadlineSeconds`; commands are real, so time is not scaled."""
        limit = job["spec"].get("activeDeadlineSeconds")
        started = status(job).get("startTime")
        return limit - age(started) if limit is not None and started else None

    def _pause(self, pods: list[Manifest], failed: int) -> float:
        """Seconds to wait since the last failure."""
        if not failed:
            return 0
        ends = [
            item["state"]["terminated"].get("finishedAt") or now()
            for pod in pods
            if status(pod).get("phase") == "Failed"
            for item in status(pod).get("containerStatuses") or []
            if "terminated" in item.get("state", {})
        ]
        backoff = min(FIRST_BACKOFF * 2 ** (failed - 1), LAST_BACKOFF)
        wait = self.latency.scaled(backoff)
        return max(0.0, wait - age(max(ends))) if ends and wait else 0

    async def _fail(  # noqa: PLR0913, PLR0917 - The parts of a status.
        self,
        job: Manifest,
        active: list[Manifest],
        succeeded: int,
        failed: int,
        reason: str,
        message: str,
    ) -> None:
        for pod in active:
            await delete_pod(self.around, SOURCE, JOBS, pod)
        conditions = [
            condition("FailureTarget", True, reason, message),
            condition("Failed", True, reason, message),
        ]
        self.around.recorder.warning(SOURCE, JOBS, job, reason, message)
        total = failed + len(active)
        await self._report(job, [], succeeded, total, {"conditions": conditions})

    async def _report(
        self,
        job: Manifest,
        active: list[Manifest],
        succeeded: int,
        failed: int,
        more: dict[str, Any],
    ) -> None:
        counts: dict[str, Any] = {
            "active": len(active) or None,
            "ready": sum(map(pod_is_ready, active)),
            "succeeded": succeeded or None,
            "failed": failed or None,
            "terminating": 0,
            "uncountedTerminatedPods": {},
        }
        await self.around.set_status(JOBS, job, counts | more)
        if "completionTime" in more:
            self.around.recorder.normal(SOURCE, JOBS, job, "Completed", "Job completed")

    async def _expire(self, job: Manifest) -> float | None:
        """Delete a finished job when its `ttlSecondsAfterFinished` is over."""
        patience = job["spec"].get("ttlSecondsAfterFinished")
        if patience is None:
            return None
        ended = [
            item["lastTransitionTime"]
            for item in status(job)["conditions"]
            if item["type"] in ("Complete", "Failed")
        ]
        left = self.latency.scaled(patience) - age(max(ended))
        if left > 0:
            return float(left)
        await self.around.delete(JOBS, job)
        return None


def complete() -> list[Manifest]:
    return [
        condition("SuccessCriteriaMet", True, *ENOUGH),
        condition("Complete", True, *ENOUGH),
    ]
