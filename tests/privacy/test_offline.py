import os
import subprocess
import sys

from ragapp.privacy import OFFLINE_ENVIRONMENT, go_offline


def test_protection_overrides_what_was_set(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    go_offline()
    assert {name: os.environ[name] for name in OFFLINE_ENVIRONMENT} == OFFLINE_ENVIRONMENT


def test_a_command_is_offline_before_any_library_is_imported():
    code = (
        "import os, sys; os.environ['HF_HUB_OFFLINE'] = '0'; sys.argv = ['ragapp', '--version'];"
        "from ragapp.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "import huggingface_hub.constants as c; print(c.HF_HUB_OFFLINE, os.environ['ANONYMIZED_TELEMETRY'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "True False"


def test_this_machine_is_not_asked_for_through_a_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example,localhost")
    monkeypatch.delenv("no_proxy", raising=False)
    go_offline()
    assert os.environ["NO_PROXY"] == "intranet.example,localhost,127.0.0.1,::1"
    assert os.environ["no_proxy"] == "127.0.0.1,localhost,::1"
