using System.Globalization;
using System.Text.Json;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>
/// Desk work in the guest's scene "desktop": text typed, text scrolled, a window dragged, a video in a window. What
/// has come to rest must be sharp while something else still moves. Times are counted in the guest's frames, of which
/// there are at most sixty a second: a slow machine gets more time, never less.
/// </summary>
[Collection(nameof(Alone))]
public sealed class DesktopTests(Browser browser) : EndToEndTest(browser)
{
    private const int Width = 1280, Height = 800;

    /// <summary>Half a second.</summary>
    private const int FramesToSharpness = 30;

    private const double SharpDb = 45;

    // Where text comes to rest, and the phase with whose first frame it does.
    private static readonly (string Name, string StillFrom, int X, int Y, int Width, int Height)[] s_texts =
    [
        ("what was typed", "scroll", 40, 80, 580, 300),
        ("what was scrolled", "drag", 660, 80, 580, 300),
        ("the window that was dragged", "video", 840, 500, 280, 190),
    ];

    [Fact]
    public async Task Text_is_sharp_half_a_second_after_its_last_change_whatever_else_moves()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "desktop", Mode = $"{Width}x{Height}" });
        await viewer.PictureAsync("a first picture", picture => FrameBarcode.Read(picture) is not null);
        // A whole round, which the page sees from its beginning.
        int start = machine.Serial.Position;
        await machine.Serial.TellAsync("scene desktop");
        await viewer.Page.EvaluateAsync(Recorder, s_texts.Select(text => new[] { text.X, text.Y, text.Width, text.Height }));
        var before = new EncodeTimes(default, default);
        foreach (string phase in new[] { "scroll", "drag", "video", "rest" })
        {
            int still = await NumberAsync(machine, phase, start);
            for (int i = 0; i < s_texts.Length; i++)
            {
                if (s_texts[i].StillFrom == phase)
                    await viewer.Page.EvaluateAsync("([text, number]) => window.__recorder.keep(text, number)", new[] { i, still });
            }

            EncodeTimes now = await EncodeTimes.ReadAsync(qzc);
            TestContext.Current.SendDiagnosticMessage($"until {phase}: {now.Count - before.Count} pictures, encoded in {now.P50Us / 1000:F1} ms (median of all), p95 {now.P95Us / 1000:F1} ms, max {now.MaxUs / 1000:F1} ms");
            before = now;
        }

        await machine.Serial.TellAsync("fps 0");
        Picture truth = await machine.ScreendumpAsync();
        for (int i = 0; i < s_texts.Length; i++)
            await AssertSharpAsync(machine, viewer, truth, i, start);
    }

    private static async Task AssertSharpAsync(QemuMachine machine, Viewer viewer, Picture truth, int index, int start)
    {
        (string name, string phase, int x, int y, int width, int height) = s_texts[index];
        int still = await NumberAsync(machine, phase, start);
        byte[] luma = new byte[width * height];
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++)
            {
                (byte r, byte g, byte b) = truth[x + column, y + row];
                luma[row * width + column] = (byte)Math.Round(0.2126 * r + 0.7152 * g + 0.0722 * b);
            }
        }

        // The picture that is judged comes half a second after the last change. Where fewer than sixty a second are shown,
        // the machine has other things to do: it gets as many pictures, or until nothing moves any more.
        string told = "";
        (int After, double Db)? judged = null;
        await Eventually.IsTrueAsync($"{name}, sharp", async () =>
        {
            (int After, double Db)[] pictures = await ComparedAsync(viewer, index, still, luma);
            told = string.Join(", ", pictures.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.After}: {p.Db:F1}")));
            judged = pictures.Skip(FramesToSharpness).Select(static p => ((int, double)?)p).FirstOrDefault(static p => p!.Value.Item1 >= FramesToSharpness);
            return judged is not null || (pictures.Length > 0 && pictures[^1].Db >= SharpDb);
        }, () => told);
        TestContext.Current.SendDiagnosticMessage($"{name}: {told}");
        if (judged is { } picture)
            Assert.True(picture.Db >= SharpDb, $"{name} has {picture.Db:F1} dB {picture.After} frames after its last change; all of them: {told}");
    }

    // Of each picture the frames since the last change, and dB.
    private static async Task<(int After, double Db)[]> ComparedAsync(Viewer viewer, int index, int still, byte[] luma)
    {
        JsonElement shown = await viewer.Page.EvaluateAsync<JsonElement>("([text, truth]) => window.__recorder.compare(text, truth)", new object[] { index, System.Convert.ToBase64String(luma) });
        return [.. shown.EnumerateArray().Select(p => ((p[0].GetInt32() - still) & 0xffff, p[1].ValueKind == JsonValueKind.Number ? p[1].GetDouble() : 99))];
    }

    // "phase scroll 270": the frame with which the phase begins.
    private static async Task<int> NumberAsync(QemuMachine machine, string phase, int after) =>
        int.Parse((await machine.Serial.LineAsync($"phase {phase} ", after)).Split(' ')[2], CultureInfo.InvariantCulture);

    /// <summary>What qzc says of its encode stage; everything since its start.</summary>
    private readonly record struct EncodeTimes(long Count, double P50Us, double P95Us = 0, double MaxUs = 0)
    {
        public static async Task<EncodeTimes> ReadAsync(QzcProcess qzc)
        {
            using var client = new HttpClient();
            string token = System.Web.HttpUtility.ParseQueryString(qzc.Page.Query)["token"]!;
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(qzc.Page, "/latency"));
            request.Headers.Authorization = new("Bearer", token);
            using HttpResponseMessage answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            using JsonDocument json = JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            JsonElement encode = json.RootElement.GetProperty("stages").GetProperty("encode");
            return new EncodeTimes(encode.GetProperty("count").GetInt64(), encode.GetProperty("p50Us").GetDouble(), encode.GetProperty("p95Us").GetDouble(), encode.GetProperty("maxUs").GetDouble());
        }
    }

    // Keeps the luma of each text in the pictures that come once it is still, of sixty frames.
    private const string Recorder = """
        boxes => {
          const video = document.querySelector('video');
          const canvas = new OffscreenCanvas(1280, 800), context = canvas.getContext('2d', { willReadFrequently: true });
          const texts = boxes.map(box => ({ box, still: -1, pictures: [] }));
          const number = () => {
            const cells = context.getImageData(0, 16, 512, 1).data;
            let value = 0, bit = 0;
            for (let cell = 0; cell < 16; cell++) {
              bit ^= cells[(cell * 32 + 16) * 4 + 1] >= 128 ? 1 : 0;
              value = value << 1 | bit;
            }
            return value;
          };
          const luma = ([x, y, width, height]) => {
            const rgba = context.getImageData(x, y, width, height).data, plane = new Float32Array(width * height);
            for (let i = 0; i < plane.length; i++) plane[i] = 0.2126 * rgba[4 * i] + 0.7152 * rgba[4 * i + 1] + 0.0722 * rgba[4 * i + 2];
            return plane;
          };
          const look = () => {
            video.requestVideoFrameCallback(look);
            const wanted = texts.filter(text => text.still >= 0 && text.pictures.length < 60);
            if (wanted.length === 0 || video.videoWidth !== 1280) return;
            context.drawImage(video, 0, 0);
            const now = number();
            for (const text of wanted) {
              if (((now - text.still) & 0xffff) >= 0x8000) continue;
              // Of several pictures of one frame, which only become sharper, the last.
              if (text.pictures.at(-1)?.[0] === now) text.pictures.pop();
              text.pictures.push([now, luma(text.box)]);
            }
          };
          video.requestVideoFrameCallback(look);
          window.__recorder = {
            keep: (text, number) => { texts[text].still = number; },
            compare(text, base64) {
              const truth = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
              return texts[text].pictures.map(([number, plane]) => {
                let sum = 0;
                for (let i = 0; i < truth.length; i++) sum += (plane[i] - truth[i]) ** 2;
                return [number, sum === 0 ? 99 : 10 * Math.log10(255 * 255 * truth.length / sum)];
              });
            },
          };
        }
        """;
}
