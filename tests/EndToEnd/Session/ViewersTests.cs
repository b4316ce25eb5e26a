using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Several pages of one machine.</summary>
public sealed class ViewersTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task A_second_viewer_of_a_still_screen_has_the_whole_picture_too()
    {
        (_, QzcProcess qzc, Viewer first) = await StartSessionAsync();
        await first.CardAsync(1280, 800);
        Viewer second = await OpenAsync(qzc);
        await second.CardAsync(1280, 800);
        await first.CardAsync(1280, 800);
    }

    [Fact]
    public async Task One_viewer_leaving_leaves_the_other_alone()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartSessionAsync();
        await first.CardAsync(1280, 800);
        Viewer second = await OpenAsync(qzc);
        await second.CardAsync(1280, 800);
        await first.Page.CloseAsync();
        await machine.Serial.TellAsync("mode 1024x768");
        await second.CardAsync(1024, 768);
    }

    [Fact]
    public async Task A_browser_without_the_token_sees_nothing()
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine);
        using var client = new HttpClient();
        foreach (string path in new[] { "/session", "/whep", "/metrics" })
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(qzc.Page, path), TestContext.Current.CancellationToken);
            Assert.False(answer.IsSuccessStatusCode, $"{path} answered {answer.StatusCode} without a token");
        }
    }
}
