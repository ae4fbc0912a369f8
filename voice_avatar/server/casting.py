"""Who speaks in a session: a persona, the configuration and what was agreed make its setup.

`cast` is the whole rule, and pure: each stage's options are handed on whole, and only what the
persona or the client decides is replaced. `Casting` knows the personas of a server and its
engines, and opens the conversation of a setup, with its recording where sessions are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zlib import crc32

from voice_avatar.config.load import Config
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.errors import PersonaError
from voice_avatar.hearing.echo import EchoOptions
from voice_avatar.personas import persona
from voice_avatar.personas.persona import Persona
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.pipeline.workers import Workers
from voice_avatar.recording.recorder import Recorder
from voice_avatar.stages.llm import LlmCapabilities
from voice_avatar.stages.stt import AUTO, SttOptions
from voice_avatar.wire.negotiation import Agreed


class Casting:
    """The personas of a server, and their conversations on its engines.

    Attributes:
        personas: by the names under which they are offered, the server's own first.
    """

    def __init__(self, config: Config, workers: Workers, own: Persona) -> None:
        """`own` is the server's persona, who speaks where a client asks for none."""
        self._config = config
        self._workers = workers
        self._own = own
        self.personas: Mapping[str, Persona] = offered(config.server.persona, own)

    @property
    def language(self) -> str:
        """Language of a session that asks for none, ISO 639-1."""
        return language_of(self._config.stt, self._own)

    @property
    def system_prompt(self) -> str:
        """System message of the server's own persona."""
        return persona.system_prompt(self._own)

    def setup(self, session_id: str, agreed: Agreed) -> SessionSetup:
        """Returns what a session is made of with whom it was agreed on."""
        who = self.personas.get(agreed.settings.persona, self._own)
        capabilities = self._workers.engines.llm.capabilities
        return cast(who, self._config, agreed, capabilities, session_id, self.language)

    def open(self, session_id: str, setup: SessionSetup) -> Conversation:
        """Returns the conversation of a setup, not yet begun."""
        folder = self._config.server.record_dir
        count_tokens = self._workers.engines.llm.count_tokens
        tape = Recorder(folder, session_id, setup, count_tokens=count_tokens) if folder else None
        return Conversation(self._workers, setup, session_id=session_id, tape=tape)


def cast(
    who: Persona,
    config: Config,
    agreed: Agreed,
    capabilities: LlmCapabilities,
    session_id: str,
    own_language: str,
) -> SessionSetup:
    """Returns what a session is made of.

    Args:
        who: who speaks.
        config: of the server.
        agreed: with the client.
        capabilities: of the language model.
        session_id: of the session; its body's idle movements follow from it.
        own_language: ISO 639-1 code of a session that asks for none.
    """
    settings = agreed.settings
    # Where the language is detected, it is so for whoever did not ask for another than the server's
    # own: who did has told what will be spoken, and a recogniser that knows hears better.
    is_detected = config.stt.language == AUTO and settings.language == own_language
    # A client's own instructions take the place of the persona's prompt, and with it of the tags
    # that it tells the model of: then tags may ask for all.
    return SessionSetup(
        session=replace(
            config.session,
            language="" if is_detected else settings.language,
            greeting=config.session.greeting or who.greeting,
        ),
        vad=config.vad,
        turn=replace(
            config.turn,
            endpointing=settings.endpointing,
            interrupt=replace(
                config.turn.interrupt,
                pause_s=config.turn.interrupt.pause_s if agreed.can_pause else 0.0,
                names=tuple(who.name.split()),
            ),
        ),
        capture=config.capture,
        echo=config.echo,
        chunking=config.chunking,
        gestures=replace(config.gestures, energy=who.energy),
        body=replace(config.body, energy=who.energy, seed=crc32(session_id.encode())),
        history=config.history,
        playout=config.playout,
        llm=config.llm,
        rate_hz=agreed.audio_out.rate_hz,
        context_tokens=capabilities.context_tokens,
        system_prompt=agreed.instructions or persona.system_prompt(who),
        vocabulary=frozenset((*agreed.gestures, *agreed.expressions)),
        hears_itself=_may_hear_itself(config.echo, agreed),
        offered=None if agreed.instructions else persona.offered(who),
        baseline=who.baseline,
        tools=agreed.tools,
        tool_choice=settings.tool_choice,
    )


def quiet(setup: SessionSetup, max_ahead_s: float) -> SessionSetup:
    """Returns the setup of a session that says nothing by itself.

    Args:
        setup: of one that may.
        max_ahead_s: reply audio that is sent before it is played, seconds.
    """
    return replace(
        setup,
        session=replace(setup.session, greeting="", apologises=False),
        playout=replace(setup.playout, max_ahead_s=max_ahead_s),
    )


def language_of(stt: SttOptions, own: Persona) -> str:
    """Returns the language of a session that asks for none: the persona's, if none is configured.

    Args:
        stt: options of the recogniser; its default counts as not configured, and so does "auto".
        own: the server's persona.
    """
    return own.language if stt.language in (AUTO, SttOptions().language) else stt.language


def offered(name_or_path: str, own: Persona) -> dict[str, Persona]:
    """Returns the personas that a client may ask for, the server's own first.

    Args:
        name_or_path: of the server's persona, as configured.
        own: what was loaded from there. Of a file, it is offered by its own name; one that is
            called like a built-in persona is not heard of beside that.
    """
    built_in = persona.built_in_names()
    first = name_or_path if name_or_path in built_in else own.name
    names = dict.fromkeys((first, *built_in))
    return {name: persona.built_in(name) if name in built_in else own for name in names}


def load_persona(name_or_path: str) -> Persona:
    """Returns a built-in persona, or that of a file.

    Raises:
        PersonaError: there is none of that name, or the file cannot be used.
    """
    if not name_or_path.endswith(".toml"):
        return persona.built_in(name_or_path)
    try:
        with open(name_or_path, encoding="utf-8") as file:
            return persona.parse(file.read())
    except OSError as error:
        raise PersonaError(f"The persona file cannot be read: {error.strerror}") from error


def _may_hear_itself(echo: EchoOptions, agreed: Agreed) -> bool:
    """Returns whether the avatar's own voice is looked for in a client's microphone."""
    return echo.guard == "always" or (echo.guard == "auto" and agreed.hears_itself)
