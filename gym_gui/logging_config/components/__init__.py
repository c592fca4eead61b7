"""Log constants, one module per component.

Codes: worker SDK 401-430, CleanRL 431-445, Ray 446-460, services 501-550, live views 601-650, forms 701-750,
BALROG 1001-1015, daemon 1101-1150, proxy 1151-1200, launcher 1201-1250, command line 1251-1300.
"""

from __future__ import annotations

from gym_gui.logging_config.components import (
    cli,
    daemon,
    launcher,
    live,
    proxy,
    service,
    ui,
    worker,
    worker_balrog,
    worker_cleanrl,
    worker_ray,
)

MODULES = (cli, daemon, launcher, live, proxy, service, ui, worker, worker_balrog, worker_cleanrl, worker_ray)
