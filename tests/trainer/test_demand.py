from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.config_model import Gpus, Resources
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.trainer.demand import Demand, demand_of, demand_problems, gpu_problems, reasons_for_cpu, request_of
from gym_gui.trainer.machine import Inventory, Machine

SMALL = Inventory(cpus=2, memory_mb=900)
DECLARED = Inventory(cpus=4, memory_mb=8000, gpus=("0", "1"), declared_cpus=True, declared_memory=True)


def workers(count: int, **more: Any) -> list[WorkerPlan]:
    return [
        WorkerPlan(worker_no=number, worker_id=f"w{number}", worker_type="t", argv=[], **more)
        for number in range(1, count + 1)
    ]


def plan(*planned: WorkerPlan) -> RunPlan:
    return RunPlan(run_id="R", run_name="", digest="", created_at=0.0, config={}, workers=list(planned))


def test_workers_at_the_floor_share_a_machine_that_nobody_declared() -> None:
    assert demand_of(request_of(Resources(), workers(1)), SMALL) == Demand()
    assert demand_of(request_of(Resources(), workers(1000)), SMALL) == Demand()
    assert demand_problems(Resources(), 1000, Machine("", 1, SMALL)) == []


def test_a_larger_request_is_allocated_in_full() -> None:
    assert demand_of(request_of(Resources(cpus=2, memory_mb=850), workers(1)), SMALL) == Demand(cpus=2)
    assert demand_of(request_of(Resources(memory_mb=2048), workers(2)), Inventory(2, 8000)) == Demand(memory_mb=4096)


def test_a_declared_inventory_is_counted_in_full() -> None:
    assert demand_of(request_of(Resources(), workers(2)), DECLARED) == Demand(cpus=2, memory_mb=2048)


@given(st.integers(1, 4), st.integers(256, 8000), st.integers(1, 2000))
def test_many_workers_never_take_more_than_there_is(cpus: int, memory_mb: int, count: int) -> None:
    resources = Resources(cpus=cpus, memory_mb=memory_mb)
    assert demand_problems(resources, count, Machine("", 1, DECLARED)) == []
    demand = demand_of(request_of(resources, workers(count)), DECLARED)
    assert demand.cpus <= DECLARED.cpus
    assert demand.memory_mb <= DECLARED.memory_mb


def test_what_can_never_fit_is_refused_with_numbers() -> None:
    resources = Resources(cpus=5, memory_mb=9000, gpus=Gpus(requested=2, mandatory=True))
    problems = demand_problems(resources, 2, Machine("", 1, DECLARED))
    assert [problem.path for problem in problems] == [
        "resources.cpus",
        "resources.memory_mb",
        "resources.gpus.requested",
    ]
    assert "5 cores asked for, 4 there" in str(problems[0])
    assert "4 GPUs (2 workers, 2 each) asked for, 2 there" in str(problems[2])
    assert demand_problems(Resources(gpus=Gpus(requested=8)), 1, Machine("", 1, SMALL)) == []


def test_a_worker_that_needs_a_gpu_is_refused_where_there_is_none() -> None:
    assert gpu_problems(["mine"], 1, Machine("", 1, Inventory(cpus=1, memory_mb=1024, gpus=("0",)))) == []
    assert gpu_problems([], 0, Machine("", 1, Inventory(cpus=1, memory_mb=1024, gpus=()))) == []
    (problem,) = gpu_problems(["mine"], 1, Machine("", 1, Inventory(cpus=1, memory_mb=1024, gpus=())))
    assert "mine does not run without a GPU" in problem.message
    (few,) = gpu_problems(["mine"], 3, Machine("", 1, DECLARED))
    assert "has 2 of the 3 that they need" in few.message


def test_each_worker_counts_with_what_it_asks_for() -> None:
    mixed = [*workers(2, gpus=1), *workers(1, gpus=0)]
    assert demand_of(request_of(Resources(), mixed), SMALL) == Demand(gpus=2)
    # Who does not run without a GPU waits; who may use one does not wait with it.
    needing = [*workers(1, gpus=1, needs_gpus=True), *workers(1, gpus=1)]
    assert demand_of(request_of(Resources(), needing), SMALL) == Demand(gpus=1, mandatory=True)
    # A run on record from before: as its config says.
    assert demand_of(request_of(Resources(gpus=Gpus(requested=2, mandatory=True)), workers(2)), SMALL).gpus == 4
    assert demand_of(request_of(Resources(), workers(2)), SMALL).gpus == 0


def test_why_a_worker_computes_on_the_cpu() -> None:
    told = plan(*workers(2, gpus=1))
    assert reasons_for_cpu(told, {"w1": ["0"], "w2": []}, DECLARED) == {
        "w2": "all 2 GPUs are taken (wait for one: --gpus 1)"
    }
    assert reasons_for_cpu(told, {}, SMALL) == {"w1": "no GPU found", "w2": "no GPU found"}
    chosen = plan(*workers(1, gpus=0, cpu_reason="its config has cuda=False"))
    assert reasons_for_cpu(chosen, {}, SMALL) == {"w1": "its config has cuda=False"}
    assert reasons_for_cpu(plan(*workers(1, gpus=0)), {}, SMALL) == {}
