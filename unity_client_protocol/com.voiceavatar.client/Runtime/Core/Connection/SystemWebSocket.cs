using System;
using System.Collections.Concurrent;
using System.IO;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace VoiceAvatar
{
    /// <summary>
    /// <see cref="IAvatarSocket"/> over System.Net.WebSockets: editor, desktop and Android (Quest). Its
    /// tasks run on the thread pool; what comes waits in a queue for the main thread.
    /// </summary>
    public sealed class SystemWebSocket : IAvatarSocket
    {
        private const string Subprotocol = "voice-avatar.v1";
        private const int MaxWaitingFrames = 250; // 5 s of microphone
        private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);
        private static readonly TimeSpan LastWordLimit = TimeSpan.FromSeconds(0.5);

        private readonly ClientWebSocket _socket = new ClientWebSocket();
        private readonly ConcurrentQueue<SocketEvent> _events = new ConcurrentQueue<SocketEvent>();
        private readonly ConcurrentQueue<Outgoing> _waiting = new ConcurrentQueue<Outgoing>();
        private readonly SemaphoreSlim _hasWork = new SemaphoreSlim(0);
        private readonly CancellationTokenSource _stop = new CancellationTokenSource();
        private int _waitingFrames;
        private int _isClosed;

        private struct Outgoing
        {
            public WebSocketMessageType Type;
            public byte[] Data;
        }

        /// <summary>Binary frames that were dropped because too many waited.</summary>
        public long DroppedFrames { get; private set; }

        /// <inheritdoc/>
        public void Open(string url, string token)
        {
            Task.Run(() => Run(url, token));
        }

        /// <inheritdoc/>
        public void SendText(string text)
        {
            Send(WebSocketMessageType.Text, Encoding.UTF8.GetBytes(text));
        }

        /// <inheritdoc/>
        public void SendBinary(byte[] frame, int count)
        {
            if (Volatile.Read(ref _waitingFrames) >= MaxWaitingFrames)
            {
                DroppedFrames++;
                return;
            }
            Interlocked.Increment(ref _waitingFrames);
            byte[] copy = new byte[count];
            Buffer.BlockCopy(frame, 0, copy, 0, count);
            Send(WebSocketMessageType.Binary, copy);
        }

        /// <inheritdoc/>
        public void Close()
        {
            Send(WebSocketMessageType.Close, null);
        }

        /// <inheritdoc/>
        public void Abort()
        {
            _stop.Cancel();
            _socket.Abort();
        }

        /// <inheritdoc/>
        public bool Take(out SocketEvent what)
        {
            return _events.TryDequeue(out what);
        }

        private void Send(WebSocketMessageType type, byte[] data)
        {
            _waiting.Enqueue(new Outgoing { Type = type, Data = data });
            _hasWork.Release();
        }

        /// <summary>The boundary of the connection's tasks: whatever fails here closes it.</summary>
        private async Task Run(string url, string token)
        {
            string reason = "";
            try
            {
                _socket.Options.AddSubProtocol(Subprotocol);
                if (!string.IsNullOrEmpty(token))
                {
                    _socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
                }
                using (CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
                {
                    limit.CancelAfter(OpenLimit);
                    await _socket.ConnectAsync(new Uri(url), limit.Token).ConfigureAwait(false);
                }
                _events.Enqueue(new SocketEvent { Kind = SocketEventKind.Opened, AtS = Monotonic.NowS });
                _ = SendAll(); // lets nothing out, and ends with the socket
                await ReceiveAll().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                reason = error.Message;
            }
            TellClosed(reason);
            _stop.Cancel();
            _socket.Dispose();
        }

        private void TellClosed(string reason)
        {
            if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            {
                return;
            }
            WebSocketCloseStatus? status = _socket.CloseStatus;
            _events.Enqueue(new SocketEvent
            {
                Kind = SocketEventKind.Closed,
                AtS = Monotonic.NowS,
                Code = status.HasValue ? (int)status.Value : CloseCodes.Lost,
                Reason = _socket.CloseStatusDescription ?? reason,
            });
        }

        private async Task ReceiveAll()
        {
            ArraySegment<byte> part = new ArraySegment<byte>(new byte[16384]);
            MemoryStream whole = new MemoryStream();
            while (true)
            {
                WebSocketReceiveResult result =
                    await _socket.ReceiveAsync(part, _stop.Token).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    TellClosed("");
                    return;
                }
                whole.Write(part.Array, 0, result.Count);
                if (whole.Length > JsonReader.MaxLength)
                {
                    throw new InvalidDataException("a frame is over the limit");
                }
                if (result.EndOfMessage)
                {
                    bool isText = result.MessageType == WebSocketMessageType.Text;
                    _events.Enqueue(new SocketEvent
                    {
                        Kind = isText ? SocketEventKind.Text : SocketEventKind.Binary,
                        Data = whole.ToArray(),
                        AtS = Monotonic.NowS,
                    });
                    whole.SetLength(0);
                }
            }
        }

        private async Task SendAll()
        {
            try
            {
                while (true)
                {
                    await _hasWork.WaitAsync(_stop.Token).ConfigureAwait(false);
                    Outgoing next;
                    if (!_waiting.TryDequeue(out next))
                    {
                        continue;
                    }
                    if (next.Type == WebSocketMessageType.Close)
                    {
                        await Leave().ConfigureAwait(false);
                        return;
                    }
                    if (next.Type == WebSocketMessageType.Binary)
                    {
                        Interlocked.Decrement(ref _waitingFrames);
                    }
                    await _socket.SendAsync(new ArraySegment<byte>(next.Data), next.Type, true, _stop.Token)
                        .ConfigureAwait(false);
                }
            }
            catch (Exception)
            {
                // A line that cannot be written to is lost. The server's last word, a close code, may
                // still wait to be read: the receiving task finds it, or the same loss, by itself.
                _stop.CancelAfter(LastWordLimit);
            }
        }

        private async Task Leave()
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", _stop.Token)
                .ConfigureAwait(false);
            _stop.CancelAfter(CloseLimit);
        }
    }
}
