"""Jobs and installs as messages, and back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from gym_gui.jobs import Job, JobEvent
from gym_gui.reading import Archives
from gym_gui.rpc.converter import Converter
from gym_gui.rpc.proto import machine_pb2 as machine

if TYPE_CHECKING:
    from gym_gui.trainer import Forecast, Installs, MachineReport


@functools.cache
def jobs() -> Converter[Job, machine.Job]:
    """Return the converter of jobs."""
    return Converter(Job, machine.Job)


@functools.cache
def events() -> Converter[JobEvent, machine.JobEvent]:
    """Return the converter of events of jobs."""
    return Converter(JobEvent, machine.JobEvent)


@functools.cache
def installs() -> Converter[Installs, machine.ListInstallsResponse]:
    """Return the converter of what is installed, and what can be."""
    from gym_gui.trainer import Installs

    return Converter(Installs, machine.ListInstallsResponse)


@functools.cache
def forecasts() -> Converter[Forecast, machine.Forecast]:
    """Return the converter of what would become of runs."""
    from gym_gui.trainer import Forecast

    return Converter(Forecast, machine.Forecast)


@functools.cache
def machines() -> Converter[MachineReport, machine.GetMachinesResponse]:
    """Return the converter of the machines."""
    from gym_gui.trainer import MachineReport

    return Converter(MachineReport, machine.GetMachinesResponse)


@functools.cache
def archives() -> Converter[Archives, machine.ListArchivesResponse]:
    """Return the converter of archived runs."""
    return Converter(Archives, machine.ListArchivesResponse)
