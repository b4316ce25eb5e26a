using QemuZeroCopy.WebRtc.Rtp;

namespace QemuZeroCopy.WebRtc.Tests.Rtp;

/// <summary>Which losses a receiver that solves one packet at a time gets back.</summary>
public class ParityCodeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_packet_is_covered_and_so_any_single_loss_is_repaired(int parities)
    {
        for (int packets = 1; packets <= FlexFec.MaxPackets; packets++)
        {
            for (int lost = 0; lost < packets; lost++)
                Assert.True(Solves(parities, packets, 1UL << lost));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    public void Losses_in_a_row_are_repaired(int parities, int inARow)
    {
        for (int first = 0; first + inARow <= FlexFec.MaxPackets; first++)
            Assert.True(Solves(parities, FlexFec.MaxPackets, ((1UL << inARow) - 1) << first), $"{inARow} from {first}");
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 7)]
    [InlineData(4, 15)]
    public void Two_losses_are_repaired_unless_they_share_a_combination(int parities, int combinations)
    {
        for (int one = 0; one < FlexFec.MaxPackets; one++)
        {
            for (int other = one + 1; other < FlexFec.MaxPackets; other++)
                Assert.Equal((other - one) % combinations != 0, Solves(parities, FlexFec.MaxPackets, (1UL << one) | (1UL << other)));
        }
    }

    private static bool Solves(int parities, int packets, ulong lost)
    {
        for (bool again = true; again && lost != 0;)
        {
            again = false;
            for (int parity = 0; parity < parities; parity++)
            {
                ulong missing = ParityCode.Mask(parities, parity, packets) & lost;
                if (System.Numerics.BitOperations.PopCount(missing) != 1)
                    continue;
                lost &= ~missing;
                again = true;
            }
        }

        return lost == 0;
    }
}
