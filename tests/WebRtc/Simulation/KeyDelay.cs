using QemuZeroCopy.WebRtc.Sctp;
using QemuZeroCopy.WebRtc.Tests.Sctp;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>Somebody taps keys over two real associations on a lossy path; the typing end keeps to the times of browsers.</summary>
internal static class KeyDelay
{
    /// <summary>RTO.Min of libwebrtc's SCTP.</summary>
    private const int BrowserRetransmitMs = 400;

    /// <summary>AGAIN_AFTER_MS in wwwroot/link/media.js.</summary>
    private static readonly int[] s_copiesAfterMs = [12, 40];

    /// <summary>From the press or release of a key to when it takes effect, in ms beyond the one-way delay, in rising order.</summary>
    /// <param name="roundTripMs">Of the path.</param>
    /// <param name="loss">Either way, each packet by itself.</param>
    /// <param name="taps">Keys that are pressed and let go of.</param>
    /// <param name="copies">Whether each message is sent again on the channel that waits for nothing, as the page does.</param>
    /// <param name="seed">Of everything.</param>
    public static double[] Measure(double roundTripMs, double loss, int taps, bool copies, int seed)
    {
        var random = new Random(seed);
        var pair = new SctpPair(new LinkPlan { DelayMs = roundTripMs / 2, Loss = loss }, seed, client: new SctpOptions { MinRetransmitMs = BrowserRetransmitMs });
        ushort strict = pair.Open(Reliability.Full), loose = pair.Open(Reliability.Motion, "motion");
        pair.Run(20_000, () => pair.AtServer.Count(e => e.Kind == DataTransportEventKind.Opened) == 2 && pair.AtClient.Count(e => e.Kind == DataTransportEventKind.Opened) == 2);
        int count = 2 * taps;
        long[] sentNs = new long[count], cameNs = new long[count];
        Array.Fill(cameNs, long.MaxValue);
        var again = new PriorityQueue<int, long>();
        int sent = 0, arrived = 0, seen = pair.AtServer.Count;
        for (long nextNs = pair.NowNs; arrived < count; pair.Run(1))
        {
            for (; seen < pair.AtServer.Count; seen++)
            {
                if (pair.AtServer[seen] is not { Kind: DataTransportEventKind.Message } message)
                    continue;
                ref long came = ref cameNs[int.Parse(message.Text, null)];
                arrived += came == long.MaxValue ? 1 : 0;
                came = Math.Min(came, pair.NowNs);
            }

            while (again.TryPeek(out int copy, out long dueNs) && dueNs <= pair.NowNs)
            {
                again.Dequeue();
                pair.Send(true, loose, $"{copy}");
            }

            if (sent == count || pair.NowNs < nextNs)
                continue;
            pair.Send(true, strict, $"{sent}");
            foreach (int after in copies ? s_copiesAfterMs : [])
                again.Enqueue(sent, pair.NowNs + (after * 1_000_000L));
            sentNs[sent++] = pair.NowNs;
            // Held for a moment; then nothing follows for a while that would show a loss.
            nextNs = pair.NowNs + (random.Next(sent % 2 == 1 ? 60 : 300, sent % 2 == 1 ? 120 : 1500) * 1_000_000L);
        }

        var delays = new double[count];
        long appliedNs = 0;
        for (int i = 0; i < count; i++)
        {
            appliedNs = Math.Max(appliedNs, cameNs[i]); // in their order
            delays[i] = ((appliedNs - sentNs[i]) / 1e6) - (roundTripMs / 2);
        }

        Array.Sort(delays);
        return delays;
    }
}
