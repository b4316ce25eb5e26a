using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Coloured text on a dark ground, with all of its colour samples and with a quarter of them.</summary>
public sealed class ChromaTests(Browser browser) : EndToEndTest(browser)
{
    // With a quarter of the samples the edges of coloured letters run.
    private const double CrispDb = 40, RunningDb = 38;

    private const string WithoutFullChroma = """
        (() => {
          const add = RTCPeerConnection.prototype.addTransceiver;
          RTCPeerConnection.prototype.addTransceiver = function (...a) {
            const transceiver = add.apply(this, a);
            if (a[0] === 'video')
              transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter(c => !/profile-level-id=f4/.test(c.sdpFmtpLine ?? '')));
            return transceiver;
          };
        })();
        """;

    [Fact]
    public async Task All_colour_samples_are_sent_as_long_as_every_viewer_takes_them()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Scene = "scroll", Append = "qzc.fps=0" });
        Picture truth = await machine.ScreendumpAsync();
        QzcProcess qzc = await AttachAsync(machine, null, "--chroma", "444");
        Viewer crisp = await OpenAsync(qzc);
        await ShowsAsync(crisp, truth, db => db >= CrispDb);

        Viewer other = await OpenAsync(qzc);
        await other.Page.AddInitScriptAsync(WithoutFullChroma);
        await other.Page.ReloadAsync();
        await ShowsAsync(other, truth, db => db is > 20 and < RunningDb);
        await ShowsAsync(crisp, truth, db => db is > 20 and < RunningDb);

        await other.Page.CloseAsync();
        await ShowsAsync(crisp, truth, db => db >= CrispDb);
    }

    private static async Task ShowsAsync(Viewer viewer, Picture truth, Predicate<double> isEnough)
    {
        double last = 0;
        try
        {
            await viewer.PictureAsync("the text", picture => isEnough(last = picture.Psnr(truth, 48, 96, 1180, 600)));
            TestContext.Current.SendDiagnosticMessage($"{last:F1} dB");
        }
        catch (TimeoutException failure)
        {
            throw new TimeoutException($"{failure.Message}\nThe last picture had {last:F1} dB.", failure);
        }
    }
}
