using System.Globalization;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>
/// Throws inputs at a session: sound messages, mutated ones and noise, in random pieces, with input and time
/// going on. QZC_FUZZ_INPUTS sets how many (a few thousand otherwise), QZC_FUZZ_SEED replays a run.
/// </summary>
public sealed class BarrierFuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Codes =
    [
        "CNOP", "CBYE", "CINN", "COUT", "CCLP", "CSEC", "CROP", "CIAK", "CALV", "DKDN", "DMMV", "DCLP", "DINF", "DSOP", "DFTR", "DDRG", "QINF",
        "EICV", "EBSY", "EUNK", "EBAD",
    ];

    [Fact]
    public void No_input_does_more_than_end_its_own_session()
    {
        long inputs = long.Parse(Environment.GetEnvironmentVariable("QZC_FUZZ_INPUTS") ?? "50000", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("QZC_FUZZ_SEED") ?? $"{Random.Shared.Next()}", CultureInfo.InvariantCulture);
        output.WriteLine($"QZC_FUZZ_INPUTS={inputs} QZC_FUZZ_SEED={seed}");
        var random = new Random(seed);
        byte[] buffer = new byte[BarrierLimits.MaxOutgoingBytes];
        var ends = new SortedDictionary<CloseReason, int>();
        SessionPeer? peer = null;
        int sessions = 0;
        for (long i = 0; i < inputs; i++)
        {
            if (peer is null || peer.Session.IsClosed)
            {
                if (peer is not null)
                    ends[peer.Session.CloseReason] = ends.GetValueOrDefault(peer.Session.CloseReason) + 1;
                peer = Start(random);
                sessions++;
            }

            SayInPieces(random, peer, NextInput(random));
            Drive(random, peer);
            CheckOutput(peer, buffer);
        }

        output.WriteLine($"{sessions} sessions: {string.Join(", ", ends.Select(end => $"{end.Key} {end.Value}"))}");
        Assert.True(sessions > 10);
        Assert.Contains(CloseReason.Malformed, ends.Keys);
        Assert.Contains(CloseReason.TooLong, ends.Keys);
    }

    /// <summary>Most sessions begin past the greeting, where there is more to break.</summary>
    private static SessionPeer Start(Random random)
    {
        if (random.Next(4) != 0)
            return SessionPeer.Ready(random.Next(2) == 0, random.Next(-100, 100), random.Next(-100, 100), random.Next(1, 4000), random.Next(1, 4000));
        return new SessionPeer(_ => (NameVerdict)random.Next(3));
    }

    private static byte[] NextInput(Random random)
    {
        byte[] sound = SoundMessage(random);
        switch (random.Next(8))
        {
            case 0: // flipped bits
                for (int n = random.Next(1, 4); n > 0; n--)
                    sound[random.Next(sound.Length)] ^= (byte)(1 << random.Next(8));
                return sound;
            case 1: // cut, with the length left as it was
                return sound[..random.Next(sound.Length)];
            case 2: // noise with a code
                byte[] body = new byte[random.Next(64)];
                random.NextBytes(body);
                return SessionPeer.Message(Codes[random.Next(Codes.Length)], body);
            case 3 when random.Next(4) == 0: // pure noise
                byte[] noise = new byte[random.Next(1, 256)];
                random.NextBytes(noise);
                return noise;
            default:
                return sound;
        }
    }

    private static byte[] SoundMessage(Random random) => random.Next(9) switch
    {
        0 => SessionPeer.Hello(random.Next(4) == 0 ? "odd name" : $"VM-{random.Next(9)}", 1, (short)(random.Next(8) == 0 ? 5 : 6)),
        1 or 2 => SessionPeer.Info(random.Next(-10, 10), 0, random.Next(-1, 4000), random.Next(1, 4000), random.Next(-100, 5000), random.Next()),
        3 => SessionPeer.Grab((byte)random.Next(3), (uint)random.Next(10)),
        4 => SessionPeer.ClipboardPart((byte)random.Next(2), (uint)random.Next(10), 1, "20"u8.ToArray()),
        5 => SessionPeer.ClipboardPart((byte)random.Next(2), (uint)random.Next(10), 2, [.. SessionPeer.Big32(1), .. SessionPeer.Big32(0), .. SessionPeer.Blob(new byte[random.Next(7, 10)])]),
        6 => SessionPeer.ClipboardPart((byte)random.Next(2), (uint)random.Next(10), 3, []),
        7 => SessionPeer.Message("DFTR", [(byte)random.Next(5), .. SessionPeer.Blob(new byte[random.Next(100)])]),
        _ => SessionPeer.Message(random.Next(2) == 0 ? "CNOP" : "CALV"),
    };

    private static void SayInPieces(Random random, SessionPeer peer, byte[] input)
    {
        for (int at = 0; at < input.Length;)
        {
            int take = random.Next(3) == 0 ? random.Next(1, input.Length - at + 1) : input.Length - at;
            peer.Say(input[at..(at + take)]);
            at += take;
        }
    }

    private static void Drive(Random random, SessionPeer peer)
    {
        switch (random.Next(12))
        {
            case 0:
                peer.After(random.NextInt64(4 * SessionPeer.Second));
                break;
            case 1:
                peer.Session.MoveTo(random.Next(-10, 5000), random.Next(-10, 5000), new PictureSize(random.Next(-1, 20000), random.Next(1, 2000)));
                break;
            case 2:
                peer.Session.Key(peer.NowNs, new KeyInput((KeyAction)random.Next(3), random.Next(2) == 0 ? "KeyA" : "F18", "a", (KeyModifiers)random.Next(256)));
                break;
            case 3:
                peer.Session.Button(peer.NowNs, (PointerButton)random.Next(7), random.Next(2) == 0);
                break;
            case 4:
                peer.Session.SetClipboardText(new string('x', random.Next(40_000)));
                break;
            case 5:
                peer.Session.ReleaseAll();
                break;
            case 6:
                peer.Session.Scroll(random.Next(-500, 500), random.Next(-500, 500));
                break;
        }
    }

    /// <summary>Whatever came in, what goes out is framed, known and finite, and positions lie on the screen.</summary>
    private static void CheckOutput(SessionPeer peer, byte[] buffer)
    {
        int messages = 0;
        for (int length = peer.Session.PollTransmit(buffer); length > 0; length = peer.Session.PollTransmit(buffer))
        {
            var reader = new MessageReader(buffer.AsSpan(0, length));
            Assert.True(reader.TryReadBytes(out ReadOnlySpan<byte> body) && reader.IsAtEnd);
            var message = new MessageReader(body);
            if (!message.TryReadLiteral("Barrier"u8))
                Assert.True(message.TryReadCode(out MessageCode code) && Enum.IsDefined(code));
            Assert.True(++messages <= BarrierLimits.MaxQueuedMessages + 10);
        }

        while (peer.Session.PollEvent(out SessionEvent next))
            Assert.True(Enum.IsDefined(next.Kind));
        if (peer.Session.IsReady)
            Assert.True(peer.Session.Screen is { Width: > 0, Height: > 0 } && peer.Session.NextTimeoutNs < long.MaxValue);
    }
}
