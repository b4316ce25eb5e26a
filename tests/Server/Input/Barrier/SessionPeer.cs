using System.Buffers.Binary;
using System.Text;
using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>Plays the client to a session: builds its messages and reads what the session says.</summary>
internal sealed class SessionPeer
{
    public const long Second = 1_000_000_000;
    private readonly byte[] _buffer = new byte[BarrierLimits.MaxOutgoingBytes];

    public SessionPeer(NameDesk? names = null) => Session = new BarrierSession(0, names ?? (_ => NameVerdict.Welcome));

    public BarrierSession Session { get; }

    public long NowNs { get; set; }

    /// <summary>A session past its greeting, with everything read that it said until then.</summary>
    public static SessionPeer Ready(bool full = true, int x = 0, int y = 0, int width = 1920, int height = 1080)
    {
        var peer = new SessionPeer();
        peer.Say(Hello("VM-1"));
        peer.Say(Info(x, y, width, height));
        if (full)
            peer.Say(Message("CNOP"));
        peer.Drain();
        return peer;
    }

    public void Say(byte[] message) => Session.Handle(NowNs, message);

    /// <summary>All messages that wait, as "CODE hex".</summary>
    public List<string> Drain()
    {
        var said = new List<string>();
        for (int length = Session.PollTransmit(_buffer); length > 0; length = Session.PollTransmit(_buffer))
        {
            Assert.Equal(length - 4, BinaryPrimitives.ReadInt32BigEndian(_buffer));
            ReadOnlySpan<byte> body = _buffer.AsSpan(4, length - 4);
            int name = body.StartsWith("Barrier"u8) ? 7 : 4;
            said.Add($"{Encoding.ASCII.GetString(body[..name])} {Convert.ToHexString(body[name..])}".TrimEnd());
        }

        return said;
    }

    public List<SessionEvent> Events()
    {
        var events = new List<SessionEvent>();
        while (Session.PollEvent(out SessionEvent next))
            events.Add(next);
        return events;
    }

    public void After(long ns)
    {
        NowNs += ns;
        if (NowNs >= Session.NextTimeoutNs)
            Session.HandleTimeout(NowNs);
    }

    public static byte[] Hello(string name, short major = 1, short minor = 6) =>
        Frame([.. "Barrier"u8, .. Big16(major), .. Big16(minor), .. Blob(Encoding.UTF8.GetBytes(name))]);

    public static byte[] Info(int x, int y, int width, int height, int pointerX = 0, int pointerY = 0) =>
        Message("DINF", [.. Big16(x), .. Big16(y), .. Big16(width), .. Big16(height), .. Big16(0), .. Big16(pointerX), .. Big16(pointerY)]);

    public static byte[] Grab(byte clipboard, uint sequence) => Message("CCLP", [clipboard, .. Big32(sequence)]);

    public static byte[] ClipboardPart(byte clipboard, uint sequence, byte mark, byte[] part) =>
        Message("DCLP", [clipboard, .. Big32(sequence), mark, .. Blob(part)]);

    public static byte[] Message(string code, params byte[] body) => Frame([.. Encoding.ASCII.GetBytes(code), .. body]);

    public static byte[] Frame(byte[] body) => [.. Big32((uint)body.Length), .. body];

    public static byte[] Blob(byte[] bytes) => [.. Big32((uint)bytes.Length), .. bytes];

    public static byte[] Big16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Big32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
