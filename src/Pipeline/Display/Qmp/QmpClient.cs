using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Pipeline.Display.Qmp;

/// <summary>
/// A client of QEMU's machine protocol on a UNIX socket (docs/interop/qmp-spec). Commands may be executed from
/// any thread, several at a time. Setup and control only: it allocates, and nothing of a frame passes here.
/// </summary>
public sealed class QmpClient : IDisposable
{
    // The largest answer of interest is a query of some hundred KiB.
    private const int LineBytesAtMost = 16 << 20;

    private readonly Socket _socket;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _pending = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly TaskCompletionSource<string> _greeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastId;
    private int _isClosed;

    private QmpClient(Socket socket) => _socket = socket;

    /// <summary>QEMU's version by its greeting, such as "10.0.2".</summary>
    public string QemuVersion { get; private set; } = "";

    /// <summary>Told of each event, on a thread of the pool, one after the other.</summary>
    public event Action<QmpEvent>? EventReceived;

    /// <summary>Told once when the connection has ended.</summary>
    public event Action? Closed;

    /// <summary>Connects and negotiates capabilities. Waits for as long as another client is being served.</summary>
    /// <exception cref="QmpException">Nobody listens there, or it is not QMP.</exception>
    public static async Task<QmpClient> ConnectAsync(string path, CancellationToken cancellation)
    {
        QmpClient client = new(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        try
        {
            await client._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            _ = client.ReceiveAsync();
            client.QemuVersion = await client._greeting.Task.WaitAsync(cancellation).ConfigureAwait(false);
            await client.ExecuteAsync("qmp_capabilities", null, null, cancellation).ConfigureAwait(false);
            return client;
        }
        catch (Exception exception)
        {
            client.Dispose();
            if (exception is SocketException or ArgumentException)
                throw new QmpException($"The QMP socket \"{path}\" cannot be reached ({exception.Message}). Is QEMU running with -qmp unix:{path},server=on,wait=off?", exception);
            throw;
        }
    }

    /// <summary>
    /// Executes a command and returns what it returned. <paramref name="writeArguments"/> writes the members of
    /// the arguments object; <paramref name="fd"/> travels along (SCM_RIGHTS), as getfd wants it.
    /// </summary>
    /// <exception cref="QmpException">QEMU refused, or the connection was lost.</exception>
    public async Task<JsonElement> ExecuteAsync(
        string command, Action<Utf8JsonWriter>? writeArguments = null, SafeHandle? fd = null, CancellationToken cancellation = default)
    {
        long id = Interlocked.Increment(ref _lastId);
        TaskCompletionSource<JsonElement> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answer;
        try
        {
            if (Volatile.Read(ref _isClosed) != 0)
                throw Lost(null);
            await SendAsync(Format(command, writeArguments, id), fd, cancellation).ConfigureAwait(false);
            return await answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or LinuxException or ObjectDisposedException)
        {
            throw Lost(exception);
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Closes the connection; what is pending fails.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        End();
    }

    private static ReadOnlyMemory<byte> Format(string command, Action<Utf8JsonWriter>? writeArguments, long id)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("execute", command);
            if (writeArguments is not null)
            {
                writer.WriteStartObject("arguments");
                writeArguments(writer);
                writer.WriteEndObject();
            }

            writer.WriteNumber("id", id);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> line, SafeHandle? fd, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (fd is not null)
            {
                UnixSockets.SendWithFd(_socket.SafeHandle, line.Span, fd);
                return;
            }

            for (int sent = 0; sent < line.Length;)
                sent += await _socket.SendAsync(line[sent..], SocketFlags.None, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[16384];
        int filled = 0;
        try
        {
            while (filled < LineBytesAtMost)
            {
                if (filled == buffer.Length)
                    Array.Resize(ref buffer, buffer.Length * 2);
                int count = await _socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None).ConfigureAwait(false);
                if (count == 0)
                    break;
                filled = TakeLines(buffer, filled + count);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or JsonException or InvalidOperationException)
        {
            // Closed by either side, or not QMP: the same to whoever waits.
        }

        Dispose();
    }

    private int TakeLines(byte[] buffer, int filled)
    {
        int start = 0;
        while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and int length)
        {
            if (!buffer.AsSpan(start, length).Trim("\r \t"u8).IsEmpty)
                TakeMessage(buffer.AsMemory(start, length));
            start += length + 1;
        }

        buffer.AsSpan(start, filled - start).CopyTo(buffer);
        return filled - start;
    }

    private void TakeMessage(ReadOnlyMemory<byte> line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        if (root.TryGetProperty("QMP", out JsonElement greeting))
            _greeting.TrySetResult(ReadVersion(greeting));
        else if (root.TryGetProperty("event", out JsonElement name))
            EventReceived?.Invoke(new QmpEvent(name.GetString() ?? "", root.TryGetProperty("data", out JsonElement data) ? data.Clone() : default));
        else if (root.TryGetProperty("id", out JsonElement id) && id.TryGetInt64(out long number) && _pending.TryRemove(number, out TaskCompletionSource<JsonElement>? answer))
            Complete(answer, root);
    }

    private static void Complete(TaskCompletionSource<JsonElement> answer, JsonElement root)
    {
        if (root.TryGetProperty("return", out JsonElement result))
        {
            answer.TrySetResult(result.Clone());
            return;
        }

        string errorClass = "", text = "an answer without a result";
        if (root.TryGetProperty("error", out JsonElement error))
        {
            errorClass = error.TryGetProperty("class", out JsonElement kind) ? kind.GetString() ?? "" : "";
            text = error.TryGetProperty("desc", out JsonElement words) ? words.GetString() ?? "" : "";
        }

        answer.TrySetException(new QmpException(text) { ErrorClass = errorClass });
    }

    private static string ReadVersion(JsonElement greeting) =>
        greeting.TryGetProperty("version", out JsonElement version) && version.TryGetProperty("qemu", out JsonElement qemu)
        && qemu.TryGetProperty("major", out JsonElement major) && qemu.TryGetProperty("minor", out JsonElement minor)
        && qemu.TryGetProperty("micro", out JsonElement micro)
            ? $"{major.GetInt32()}.{minor.GetInt32()}.{micro.GetInt32()}" : "";

    private void End()
    {
        bool first = Interlocked.Exchange(ref _isClosed, 1) == 0;
        _greeting.TrySetException(new QmpException("The peer closed the connection before it greeted: no QMP there."));
        _ = _greeting.Task.Exception;
        foreach (TaskCompletionSource<JsonElement> answer in _pending.Values)
        {
            answer.TrySetException(Lost(null));
            _ = answer.Task.Exception;
        }

        if (first)
            Closed?.Invoke();
    }

    private static QmpException Lost(Exception? inner)
    {
        const string Text = "The QMP connection was lost; has QEMU ended?";
        return inner is null ? new QmpException(Text) : new QmpException(Text, inner);
    }
}
