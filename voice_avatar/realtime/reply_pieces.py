"""What the session makes of a reply, piece by piece, as events of its response. Pure.

    notice              events, besides those that open an item or a part
    ReplyText           a delta of text, or of the transcript
    ReplySegment        none: when its words are spoken is kept, for a later truncation
    ReplyAudio          a delta of audio
    ReplyWritten        none: tokens and whether it was cut short are kept for `response.done`
    ReplyCallStarted    an item of the response
    ReplyCallDelta      a delta of its arguments
    ToolCalled          all of its arguments; in the conversation, the call is in its history, too
    WarningNotice       of a broken call: its item is incomplete, and the history says what is wrong

How a response begins and ends, `response_book.py` decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from voice_avatar.conversation.tool_calls import error_result
from voice_avatar.events import cues, notices
from voice_avatar.events.inputs import HistoryAdded
from voice_avatar.events.notices import Notice
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.realtime.items import message_of
from voice_avatar.realtime.responses import Response
from voice_avatar.realtime.steps import Step


def steps_of(notice: Notice, response: Response) -> Sequence[Step]:
    """Returns what a notice about a response means to client and session; nothing for others."""
    match notice:
        case notices.ReplyText(_, text):
            return response.text(text)
        case cues.ReplySegment(words=words):
            # Whichever piece is the first opens the message.
            out = response.opened()
            assert response.message is not None
            response.message.words += words
            return out
        case notices.ReplyWritten(_, prompt_tokens, tokens, is_cut):
            response.tokens, response.is_cut_short = (prompt_tokens, tokens), is_cut
            return []
        case notices.ReplyAudio(pcm=pcm, is_last=is_last):
            return response.audio(pcm, is_last=is_last)
        case notices.ReplyCallStarted(_, call_id, name):
            return response.call_began(call_id, name)
        case notices.ReplyCallDelta(_, call_id, text):
            return response.call_written(call_id, text)
        case notices.ToolCalled(_, call_id, name, arguments):
            return _called(response, call_id, name, arguments)
        case notices.WarningNotice(broken=ToolCall() as call):
            return _broken(response, call)
        case _:
            return []


def _called(response: Response, call_id: str, name: str, arguments: str) -> Sequence[Step]:
    out: list[Step] = [*response.call_made(call_id, name, arguments)]
    item = response.call(call_id)
    if item is not None and response.terms.conversation_id is not None:
        # The session does not follow calls up here, so it has not put this one into its history:
        # the client answers it by an item, which has to find its call there.
        item.key = f"item-{item.item_id}"
        message = message_of(item)
        assert message is not None
        out.append(HistoryAdded(item.key, message))
    return out


def _broken(response: Response, call: ToolCall) -> Sequence[Step]:
    """A call that cannot be made is not for the client to answer: the model is told of it."""
    out: list[Step] = [*response.call_broken(call.call_id)]
    if response.terms.conversation_id is None:
        return out
    item, key = response.call(call.call_id), f"broken-{call.call_id}"
    if item is not None:
        key = item.key = f"item-{item.item_id}"
    asked = Message("assistant", "", (ToolCall(call.call_id, call.name, call.arguments),))
    told = Message("tool", error_result(call.flaw), call_id=call.call_id)
    return [*out, HistoryAdded(key, asked), HistoryAdded(f"{key}-result", told)]
