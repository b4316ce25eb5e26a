namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>
/// How much parity the losses of a path are worth. A lost packet that has to be repeated holds the picture for a round
/// trip; parity is added until what it cannot repair holds up few enough pictures, or takes more of the path than the
/// pictures that it saves are worth. See docs/decisions.
/// </summary>
internal sealed class LossProtection
{
    /// <summary>Losses are remembered for about this long: parity comes with the first few and goes when they stay away.</summary>
    private const double MemoryNs = 5e9;

    /// <summary>Packets that must have been spoken of before a share of them means something.</summary>
    private const int FewPackets = 20;

    /// <summary>Share of the pictures that may still be late for want of parity: below the 5 % that a 95th percentile passes over.</summary>
    private const double LateShare = 0.03;

    /// <summary>Late pictures that a share of the path is worth: a tenth of its rate for each twentieth of the pictures.</summary>
    private const double Price = 0.5;

    /// <summary>Bytes on the path for a parity packet.</summary>
    private const int ParityBytes = 1200;

    /// <summary>A picture this late, in picture times, still counts as in time.</summary>
    private const double InTimePictures = 1.5;

    /// <summary>What feedback, timers and the host add to a repetition's round trip.</summary>
    private const long RepairNs = 3_000_000;

    /// <summary>A picture after a pause is waited for as much as one in motion.</summary>
    private const long LongestPictureNs = 16_666_667;

    private const long ShortestPictureNs = 4_000_000;

    /// <summary>Share of triples that so many parities do not solve.</summary>
    private static readonly double[] s_threeUnrepaired = [1, 1, 1, 0.5, 0.2];

    private double _all;
    private double _lost;
    private double _followLost;
    private double _lostInARow;
    private bool _lastWasLost;
    private long _lastNs = long.MinValue;
    private double _latePictures;
    private double _cost;
    private double _mediaBytes;
    private double _parityBytes;

    /// <summary>Share of the packets lost, 0 to 1.</summary>
    public double Loss => _all < FewPackets ? 0 : _lost / _all;

    /// <summary>Share of lost packets whose next one is lost as well.</summary>
    public double LossAfterLoss => _followLost < 1 ? Loss : Math.Max(Loss, (_lostInARow + Loss) / (_followLost + 1));

    /// <summary>Share of the video's bytes that is parity, over about the last second at 2 Mbit/s.</summary>
    public double ParityShare => _parityBytes < 1 ? 0 : _parityBytes / (_mediaBytes + _parityBytes);

    /// <summary>One feedback message's packets, in order of their sequence; none of those that met a queue, whose losses are our own doing.</summary>
    public void OnFeedback(long nowNs, ReadOnlySpan<PacketResult> results)
    {
        double kept = _lastNs == long.MinValue ? 1 : Math.Exp((_lastNs - nowNs) / MemoryNs);
        _lastNs = nowNs;
        _all *= kept;
        _lost *= kept;
        _followLost *= kept;
        _lostInARow *= kept;
        foreach (ref readonly PacketResult result in results)
        {
            bool isLost = !result.IsReceived;
            _all++;
            _lost += isLost ? 1 : 0;
            _followLost += _lastWasLost ? 1 : 0;
            _lostInARow += _lastWasLost && isLost ? 1 : 0;
            _lastWasLost = isLost;
        }
    }

    /// <summary>Says what the next pictures meet.</summary>
    /// <param name="roundTripNs">Of the path; 0 where it is not known.</param>
    /// <param name="pictureNs">From one picture to the next.</param>
    /// <param name="targetBps">What the path carries.</param>
    /// <param name="isWanted">False where losses come of a queue, or cannot come at all.</param>
    public void Configure(long roundTripNs, long pictureNs, long targetBps, bool isWanted)
    {
        _cost = Price * ParityBytes * 8e9 / pictureNs / targetBps;
        // A loss holds up the pictures of a round trip, the last of which come soon enough after they were due.
        double late = ((roundTripNs + RepairNs) / (double)Math.Clamp(pictureNs, ShortestPictureNs, LongestPictureNs)) - InTimePictures;
        _latePictures = isWanted && roundTripNs > 0 && late > 0 ? late + 1 : 0;
    }

    /// <summary>Parities for packets that leave together; 0 where repetition is as good.</summary>
    public int Parities(int packets)
    {
        if (_latePictures == 0 || _lost < 1)
            return 0;
        int most = Math.Min(Rtp.ParityCode.MaxParities, Math.Max(1, packets / 3));
        int best = 0;
        double least = double.PositiveInfinity;
        for (int parities = 0; parities <= most; parities++)
        {
            double cost = Math.Max(0, (Unrepaired(packets, parities) * _latePictures) - LateShare) + (parities * _cost);
            if (cost < least)
                (best, least) = (parities, cost);
        }

        return best;
    }

    /// <summary>Video left, of which <paramref name="parityBytes"/> as parity.</summary>
    public void OnSent(int mediaBytes, int parityBytes)
    {
        const double MemoryBytes = 1 << 18;
        double kept = 1 - ((mediaBytes + parityBytes) / MemoryBytes);
        _mediaBytes = (_mediaBytes * kept) + mediaBytes;
        _parityBytes = (_parityBytes * kept) + parityBytes;
    }

    /// <summary>
    /// Probability that packets with so many parities (<see cref="Rtp.ParityCode"/>) lose one that these do not bring back.
    /// </summary>
    private double Unrepaired(int packets, int parities)
    {
        double loss = Math.Min(Loss, 0.5);
        double none = Math.Pow(1 - loss, packets);
        if (parities == 0)
            return 1 - none;
        double odds = loss / (1 - loss);
        double one = packets * odds * none;
        double two = one * (packets - 1) / 2 * odds;
        double three = two * (packets - 2) / 3 * odds;
        double combinations = (1 << parities) - 1;
        // One that is in a single parity, which is lost too; two that share a combination; three whose combinations are not
        // independent; and more than that, of which four parities still solve some.
        double unrepaired = (one * loss * parities / combinations) + (two / combinations) + (three * s_threeUnrepaired[parities])
            + ((1 - none - one - two - three) * (parities == Rtp.ParityCode.MaxParities ? 0.6 : 1));
        // Losses that follow each other for more than chance, in rows longer than there are parities.
        return Math.Min(1, unrepaired + ((1 - none) * Math.Pow(Math.Max(0, LossAfterLoss - loss), parities)));
    }
}
