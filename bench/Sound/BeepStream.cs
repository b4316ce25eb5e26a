using Microsoft.Playwright;
using QemuZeroCopy.Bench.Browser;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Sound;

/// <summary>Beeps of the guest, one after the other: what it says of each, and when the page heard it.</summary>
internal sealed class BeepStream : IDisposable
{
    /// <summary>Until the last beep has been heard.</summary>
    private const int HearMs = 300;

    private readonly IPage _page;
    private readonly GuestSerial _serial;
    private readonly List<(string Line, long At)> _said = [];
    private int _passed;

    public BeepStream(IPage page, GuestSerial serial)
    {
        (_page, _serial) = (page, serial);
        _serial.Heard += Note;
    }

    /// <summary>Has the guest begin.</summary>
    public Task BeginAsync(int count) => _serial.TellAsync($"beeps {count}");

    /// <summary>Lets so many beeps go by.</summary>
    public async Task PassAsync(int count)
    {
        _passed += count;
        await _serial.LineAsync($"beep {_passed} ");
    }

    /// <summary>The delays of the next beeps.</summary>
    public async Task<BeepDelays> TakeAsync(int count, double maxMarkMs)
    {
        await _page.EvaluateAsync("window.__sound.beeps = []");
        lock (_said)
            _said.Clear();
        await PassAsync(count);
        (string Line, long At)[] said;
        lock (_said)
            said = [.. _said];
        await Task.Delay(HearMs);
        double offset = await PageClock.OffsetMsAsync(_page);
        double[] heard = await _page.EvaluateAsync<double[]>("window.__sound.beeps");
        var beeps = new BeepDelays(maxMarkMs);
        beeps.Add(said.Length, said, [.. heard.Select(at => at + offset)]);
        return beeps;
    }

    public void Dispose() => _serial.Heard -= Note;

    private void Note(string line, long at)
    {
        if (!line.StartsWith("beep ", StringComparison.Ordinal))
            return;
        lock (_said)
            _said.Add((line, at));
    }
}
