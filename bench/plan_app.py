"""Makes one plan of a foreign chart with the engine; arguments: KUBECONFIG NAMESPACE CHART VALUES HELM."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wizard.adapters.helm.charts import ChartFolders
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.core.target import Target
from wizard.engine.release import plan


async def main() -> None:
    """Make the plan and print its counts."""
    kubeconfig, namespace, chart, values, helm = sys.argv[1:]
    target = Target("", namespace, "hundred", kubeconfig)
    cluster = KubeCluster(target)
    planned = await plan.of_values(
        cluster, HelmCli(helm), YamlDocuments(), target, ChartFolders().open(chart), Path(values).read_text()
    )
    print(planned.plan.counts())
    await cluster.close()


asyncio.run(main())
