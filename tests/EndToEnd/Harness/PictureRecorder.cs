using System.Text.Json;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>A picture that a page has shown.</summary>
/// <param name="AtMs">When, on the clock that all pages of the browser share.</param>
/// <param name="ReceivedMs">When the last of its packets came, on the same clock.</param>
/// <param name="RtpTimestamp">When it was taken, on a clock of 90 kHz.</param>
internal readonly record struct ShownPicture(double AtMs, double ReceivedMs, long RtpTimestamp);

/// <summary>Notes each picture that a page's video element presents.</summary>
internal static class PictureRecorder
{
    public static Task StartAsync(Viewer viewer) => viewer.Page.EvaluateAsync("""
        () => {
          const video = document.querySelector('video');
          const shown = window.__shown = [];
          const origin = performance.timeOrigin;
          const note = (now, frame) => {
            shown.push([origin + now, origin + (frame.receiveTime ?? now), frame.rtpTimestamp ?? 0]);
            if (window.__shown === shown) video.requestVideoFrameCallback(note);
          };
          video.requestVideoFrameCallback(note);
        }
        """);

    public static async Task<IReadOnlyList<ShownPicture>> StopAsync(Viewer viewer)
    {
        JsonElement shown = await viewer.Page.EvaluateAsync<JsonElement>("() => { const shown = window.__shown; window.__shown = null; return shown; }");
        return [.. shown.EnumerateArray().Select(p => new ShownPicture(p[0].GetDouble(), p[1].GetDouble(), p[2].GetInt64()))];
    }

    /// <summary>The longest time between two pictures, whatever the reason.</summary>
    public static double LongestGapMs(IReadOnlyList<ShownPicture> shown) => shown.Zip(shown.Skip(1), (a, b) => b.AtMs - a.AtMs).DefaultIfEmpty().Max();

    /// <summary>
    /// The longest stretch in which one viewer got nothing new while another one did: from the first picture that it missed to
    /// its own next one, less what <paramref name="lateMs"/> says of the time between (from, to): what the relay slept through
    /// itself. A picture counts from when it could be shown: it and all before it were there.
    /// </summary>
    public static double OwnFreezeMs(IReadOnlyList<ShownPicture> shown, IReadOnlyList<ShownPicture> reference, Func<double, double, double> lateMs)
    {
        double[] own = [.. ReadyMs(shown)], others = [.. ReadyMs(reference)];
        double worst = 0;
        for (int i = 1, at = 0; i < own.Length; i++)
        {
            while (at < others.Length && others[at] <= own[i - 1])
                at++;
            if (at < others.Length)
                worst = Math.Max(worst, own[i] - others[at] - lateMs(own[i - 1], own[i]));
        }

        return worst;
    }

    private static IEnumerable<double> ReadyMs(IReadOnlyList<ShownPicture> shown)
    {
        double ready = 0;
        foreach (ShownPicture picture in shown)
            yield return ready = Math.Max(ready, picture.ReceivedMs);
    }
}
