using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The demo guest's serial port: what it says (docs/hacking.md lists the lines), and what it is told.</summary>
internal sealed class GuestSerial : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<string> _lines = [];
    private readonly StringBuilder _partial = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public static async Task<GuestSerial> ConnectAsync(string path)
    {
        var serial = new GuestSerial();
        await QemuSocket.ConnectAsync(serial._socket, path);
        _ = serial.ReadAsync();
        return serial;
    }

    /// <summary>Called on the reading thread with each whole line and the Stopwatch's time of its arrival.</summary>
    public event Action<string, long>? Heard;

    /// <summary>Every whole line so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>How many lines there are now; give it to <see cref="LineAsync"/> to see only what comes later.</summary>
    public int Position => Lines.Count;

    /// <summary>What the guest said before this connection.</summary>
    public void Precede(IEnumerable<string> lines)
    {
        lock (_lines)
            _lines.InsertRange(0, lines);
    }

    public Task<string> LineAsync(string start, int after = 0) => LineAsync($"the guest's line '{start}…'", line => line.StartsWith(start, StringComparison.Ordinal), after);

    public Task<string> LineAsync(string what, Predicate<string> match, int after = 0) =>
        Eventually.GetAsync(what, () => Task.FromResult(Lines.Skip(after).FirstOrDefault(line => match(line))), () => $"The guest said:\n{string.Join('\n', Lines)}");

    /// <summary>Sends one command, and waits for the guest's answer that begins with <paramref name="answer"/>.</summary>
    public async Task<string> TellAsync(string command, string? answer = null)
    {
        int before = Position;
        await _socket.SendAsync(Encoding.UTF8.GetBytes(command + "\n"));
        return await LineAsync(answer ?? command, before);
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[4096];
        char[] text = new char[4096];
        try
        {
            for (int n; (n = await _socket.ReceiveAsync(buffer)) > 0;)
                Take(text.AsSpan(0, _decoder.GetChars(buffer, 0, n, text, 0)));
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // QEMU or the test has ended; the lines stay.
        }
    }

    private void Take(ReadOnlySpan<char> text)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_lines)
        {
            foreach (char c in text)
            {
                if (c is '\n')
                {
                    _lines.Add(_partial.ToString());
                    Heard?.Invoke(_lines[^1], now);
                    _partial.Clear();
                }
                else if (c is not '\r')
                {
                    _partial.Append(c);
                }
            }
        }
    }
}
