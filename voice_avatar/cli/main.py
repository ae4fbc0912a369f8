"""The command line, and the only place where everything is put together.

    voice-avatar serve            a server
    voice-avatar chat             a conversation, by microphone or from WAV files
    voice-avatar say TEXT         speech with its viseme and gesture track, without a server
    voice-avatar doctor           what is installed, and a self-test
    voice-avatar models …         the model store
    voice-avatar tokens new       a token for `server.tokens`
    voice-avatar replay DIR       a recorded session again, compared step by step
    voice-avatar bench …          measurements

Every command imports what it needs when it runs, so that `--help` is instant. A foreseen error is
one line on standard error, `voice-avatar: <code>: <message>`, and exit status 1; a wrong command
line exits with 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from voice_avatar import __version__
from voice_avatar.errors import ConfigError, VoiceAvatarError

if TYPE_CHECKING:
    from voice_avatar.config.load import Config

_DEFAULT_CONFIG = "voice-avatar.toml"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    is_bench = arguments[:1] == ["bench"]
    try:
        if is_bench:
            return _bench(arguments[1:])
        args = _parser().parse_args(arguments)
        return int(args.run(args))
    except VoiceAvatarError as error:
        print(f"voice-avatar: {error.code}: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# -- the parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voice-avatar", description="Talk, by voice, with an LLM-driven avatar."
    )
    parser.add_argument("--version", action="version", version=f"voice-avatar {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_chat(commands)
    _add_say(commands)
    _add_doctor(commands)
    _add_models(commands)
    _add_tokens(commands)
    _add_conformance(commands)
    _add_replay(commands)
    commands.add_parser("bench", help="measure (bench --help lists what)", add_help=False)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _with_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="", help="embedded (default), laptop or gpu")
    parser.add_argument(
        "--config", metavar="FILE", help=f"TOML file (default: {_DEFAULT_CONFIG} if it exists)"
    )
    parser.add_argument(
        "--set",
        metavar="STAGE.KEY=VALUE",
        action="append",
        default=[],
        help="one option; may be repeated (serve --help lists all options)",
    )


class _FullHelp(argparse.Action):
    """`serve --help`: the command's own help and every option of the configuration."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from voice_avatar.config.describe import describe

        parser.print_help()
        print("\nall options, as --set STAGE.KEY=VALUE, in the TOML file or the environment:")
        for option in describe():
            print(f"\n  {option.key} ({option.type}, default {option.default})")
            print(f"      {option.help}")
        parser.exit()


def _add_serve(commands: _Commands) -> None:
    parser = commands.add_parser("serve", help="run a server", add_help=False)
    parser.add_argument("-h", "--help", nargs=0, action=_FullHelp, help="show everything and exit")
    _with_config(parser)
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8765; 0 = any free one)")
    parser.add_argument("--record", metavar="DIR", help="keep events and audio of every session")
    parser.add_argument("--persona", help="name of a built-in persona, or a TOML file")
    parser.set_defaults(run=_serve)


def _add_chat(commands: _Commands) -> None:
    parser = commands.add_parser("chat", help="talk with the avatar")
    _with_config(parser)
    parser.add_argument("--url", help="server (default: one inside this process)")
    parser.add_argument("--token", help="bearer token of the server")
    parser.add_argument(
        "--wav", metavar="FILE", action="append", default=[], help="say this; may be repeated"
    )
    parser.add_argument("--text", action="append", default=[], help="type this; may be repeated")
    parser.add_argument("--speech-end-s", type=float, help="end of the speech in the WAV, seconds")
    parser.add_argument("--out", metavar="FILE", help="write the replies to a WAV file")
    parser.add_argument("--json", action="store_true", help="print one JSON object per reply")
    parser.set_defaults(run=_chat)


def _add_say(commands: _Commands) -> None:
    parser = commands.add_parser("say", help="speak a text, without a server")
    _with_config(parser)
    parser.add_argument("text", metavar="TEXT", help="may hold tags such as [gesture:wave]")
    parser.add_argument("--language", default="en", help="language of the text (default en)")
    parser.add_argument("--out", metavar="FILE", help="write the speech to a WAV file")
    parser.add_argument("--plot", metavar="FILE", help="draw the track: .html, .svg or .png")
    parser.add_argument("--json", action="store_true", help="print the track as one JSON object")
    parser.set_defaults(run=_say)


def _add_doctor(commands: _Commands) -> None:
    parser = commands.add_parser("doctor", help="check this machine")
    _with_config(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-test", action="store_true", help="leave the self-test out")
    parser.set_defaults(run=_doctor)


def _add_models(commands: _Commands) -> None:
    parser = commands.add_parser("models", help="list, pull, verify or locate models")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, text in (
        ("list", "all models, and which are here"),
        ("pull", "fetch models (default: those of the embedded preset)"),
        ("verify", "read models again and compare their hashes"),
        ("path", "folder of a model (default: the whole store)"),
    ):
        action = actions.add_parser(name, help=text)
        if name != "list":
            action.add_argument("name", nargs="*", metavar="NAME")
        action.set_defaults(run=_models, action=name)


def _add_tokens(commands: _Commands) -> None:
    parser = commands.add_parser("tokens", help="make a token for server.tokens")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = actions.add_parser("new", help="print a token that nobody can guess")
    new.set_defaults(run=_new_token)


def _add_conformance(commands: _Commands) -> None:
    parser = commands.add_parser(
        "conformance", help="check any server of the protocol, or a client"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--url", metavar="WS", help="server to check, ws:// or wss://")
    what.add_argument(
        "--serve", type=int, metavar="PORT", help="play a scripted server for clients on this port"
    )
    parser.add_argument("--token", help="bearer token of the server")
    parser.add_argument(
        "--only", action="append", default=[], metavar="RULE", help="a rule or pattern; repeatable"
    )
    parser.add_argument(
        "--timeout", type=float, default=10.0, metavar="S", help="wait for an answer (default 10)"
    )
    parser.add_argument("--speech", metavar="WAV", help="speech at 16 kHz (default: a tone)")
    parser.add_argument("--slow", action="store_true", help="also rules that wait for timeouts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_conformance)


def _add_replay(commands: _Commands) -> None:
    parser = commands.add_parser("replay", help="run a recorded session again and compare")
    parser.add_argument("folder", metavar="DIR", help="a recorded session, or a folder of them")
    parser.set_defaults(run=_replay)


# -- configuration


def load_config(args: argparse.Namespace) -> Config:
    """Returns the configuration of a command line.

    Raises:
        ConfigError: something in it cannot be used.
    """
    from voice_avatar.config import load

    overrides = {}
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {setting!r}.")
        if key.strip() == "server.tokens":
            raise ConfigError(
                "server.tokens is not taken from the command line, which everybody on this machine"
                " can read: set VOICE_AVATAR_SERVER_TOKENS, or put it into the configuration file."
            )
        overrides[key.strip()] = value.strip()
    for option, key in (
        ("host", "server.host"),
        ("port", "server.port"),
        ("record", "server.record_dir"),
        ("persona", "server.persona"),
    ):
        if (value := getattr(args, option, None)) is not None:
            overrides[key] = value
    return load.load(_toml(args.config), os.environ, overrides, args.preset)


def _toml(path: str | None) -> str:
    if path is None and not Path(_DEFAULT_CONFIG).is_file():
        return ""
    try:
        return Path(path or _DEFAULT_CONFIG).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file cannot be read: {path}.") from error


# -- the commands


def _serve(args: argparse.Namespace) -> int:
    from voice_avatar.cli.serve import serve

    return serve(load_config(args))


def _chat(args: argparse.Namespace) -> int:
    from voice_avatar.cli.chat import ChatRequest, chat

    request = ChatRequest(
        url=args.url,
        token=args.token,
        wavs=tuple(args.wav),
        texts=tuple(args.text),
        speech_end_s=args.speech_end_s,
        out=args.out,
        is_json=args.json,
    )
    return chat(load_config(args), request)


def _say(args: argparse.Namespace) -> int:
    from voice_avatar.cli.say import say

    return say(
        load_config(args), args.text, args.language, args.out, is_json=args.json, plot=args.plot
    )


def _doctor(args: argparse.Namespace) -> int:
    from voice_avatar.cli.doctor import doctor

    return doctor(load_config(args), has_test=not args.no_test, is_json=args.json)


def _models(args: argparse.Namespace) -> int:
    from voice_avatar.cli.models import models

    return models(args.action, getattr(args, "name", []))


def _new_token(args: argparse.Namespace) -> int:
    import secrets

    print(secrets.token_urlsafe(32))
    return 0


def _conformance(args: argparse.Namespace) -> int:
    from voice_avatar.conformance.command import ConformanceRequest, conformance

    return conformance(
        ConformanceRequest(
            url=args.url,
            port=args.serve,
            token=args.token,
            only=tuple(args.only),
            timeout_s=args.timeout,
            speech=args.speech,
            is_slow=args.slow,
            is_json=args.json,
        )
    )


def _replay(args: argparse.Namespace) -> int:
    from voice_avatar.recording.rerun import recordings, rerun

    is_equal = True
    for folder in recordings(Path(args.folder)):
        report = rerun(folder)
        for difference in report.differences:
            print(difference)
        print(f"{report.session_id}: {report.steps} steps, {len(report.differences)} differ")
        is_equal = is_equal and not report.differences
    return 0 if is_equal else 1


def _bench(arguments: list[str]) -> int:
    from voice_avatar.bench import command

    return command.main(arguments)
