using System.Buffers.Binary;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Tests.Web;

namespace QemuZeroCopy.Server.Tests.Input;

public sealed class NumberedInputTests : IDisposable
{
    private readonly RecordingSink _sink = new();
    private readonly ViewerInput _viewer;
    private readonly NumberedInput _input;

    public NumberedInputTests()
    {
        _viewer = new ViewerInput(_sink, () => new PictureSize(1000, 500));
        _input = new NumberedInput(_viewer);
    }

    public void Dispose() => _viewer.Dispose();

    [Fact]
    public void A_copy_counts_once_whether_it_comes_before_or_after()
    {
        _input.Take(Scroll(0, 10));
        _input.Take(Scroll(0, 10));
        _input.Take(Scroll(1, 11));
        _input.Take(Scroll(0, 10));
        Assert.Equal(["scroll 10,0", "scroll 11,0"], _sink.Drain());
    }

    [Fact]
    public void What_is_ahead_waits_for_what_is_missing()
    {
        _input.Take(Scroll(2, 12));
        _input.Take(Scroll(1, 11));
        Assert.Empty(_sink.Drain());
        _input.Take(Scroll(0, 10));
        Assert.Equal(["scroll 10,0", "scroll 11,0", "scroll 12,0"], _sink.Drain());
        _input.Take(Scroll(1, 11));
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void Whatever_gets_lost_and_overtakes_the_order_is_that_of_the_numbers()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int run = 0; run < 200; run++)
        {
            var sink = new RecordingSink();
            using var viewer = new ViewerInput(sink, () => null);
            var input = new NumberedInput(viewer);
            const int count = 300;
            int start = 0;
            // The ordered channel, in pieces that stop for a while, and copies that overtake it by up to 40, lost or not.
            while (start < count)
            {
                int until = Math.Min(count, start + random.Next(1, 40));
                foreach (int copy in Enumerable.Range(start, Math.Min(count - start, 40)).OrderBy(_ => random.Next()).Where(_ => random.Next(3) > 0))
                    input.Take(Scroll((ushort)copy, copy + 1));
                for (; start < until; start++)
                    input.Take(Scroll((ushort)start, start + 1));
            }

            Assert.Equal(Enumerable.Range(1, count).Select(i => $"scroll {i},0"), sink.Drain());
        }
    }

    [Fact]
    public void Numbers_wrap_around()
    {
        for (int i = 0; i < 70_000; i++)
            _input.Take(Scroll((ushort)i, 1));
        Assert.Equal(70_000, _sink.Drain().Count);
    }

    [Fact]
    public void Nonsense_is_held_by_nobody()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] message = new byte[300];
        for (int i = 0; i < 200_000; i++)
        {
            random.NextBytes(message);
            message[0] = random.Next(4) == 0 ? message[0] : (byte)11;
            message[2] = 0;
            _input.Take(message.AsSpan(0, random.Next(message.Length)));
        }

        Assert.InRange(_viewer.Malformed, 1, long.MaxValue);
    }

    private static byte[] Scroll(ushort number, int x)
    {
        byte[] message = new byte[8];
        message[0] = 11;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(1), number);
        message[3] = 5;
        BinaryPrimitives.WriteInt16LittleEndian(message.AsSpan(4), (short)x);
        return message;
    }
}
