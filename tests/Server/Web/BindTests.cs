using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class BindTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qzc-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_port_in_use_says_so_and_names_another()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var settings = new ServeSettings { Listen = (IPEndPoint)other.LocalEndpoint };
        UserError error = await Assert.ThrowsAsync<UserError>(() => StartAsync(settings));
        Assert.Contains("in use", error.OneLine, StringComparison.Ordinal);
        Assert.Contains("--listen", error.OneLine, StringComparison.Ordinal);
        Assert.Equal(UserError.FailureExitCode, error.ExitCode);
    }

    [Fact]
    public async Task An_address_of_another_machine_says_so()
    {
        UserError error = await Assert.ThrowsAsync<UserError>(() => StartAsync(new ServeSettings { Listen = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0) }));
        Assert.Contains("an address of this machine", error.OneLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_there_or_none_says_so()
    {
        string nothing = Path.Combine(_folder.FullName, "none.pem"), nonsense = Path.Combine(_folder.FullName, "nonsense.pem");
        await File.WriteAllTextAsync(nonsense, "nonsense", TestContext.Current.CancellationToken);
        UserError missing = await Assert.ThrowsAsync<UserError>(() => StartAsync(new ServeSettings { TlsCertificatePath = nothing, TlsKeyPath = nothing }));
        Assert.Contains("cannot be read", missing.OneLine, StringComparison.Ordinal);
        UserError broken = await Assert.ThrowsAsync<UserError>(() => StartAsync(new ServeSettings { TlsCertificatePath = nonsense, TlsKeyPath = nonsense }));
        Assert.Contains("PEM", broken.OneLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_the_page_is_served_by_https_and_the_cookie_is_secure()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string certificatePath = Path.Combine(_folder.FullName, "cert.pem"), keyPath = Path.Combine(_folder.FullName, "key.pem");
        await File.WriteAllTextAsync(certificatePath, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await using WebServer server = await StartAsync(new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), TlsCertificatePath = certificatePath, TlsKeyPath = keyPath });
        Assert.StartsWith("https://127.0.0.1:", server.Address, StringComparison.Ordinal);

        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, got, _, _) => got!.Thumbprint == certificate.Thumbprint };
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Address), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("secure", Assert.Single(response.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
    }

    private static Task<WebServer> StartAsync(ServeSettings settings) => WebServer.StartAsync(settings, new Machine(), new RecordingMedia(), new ServerMetrics(), TestContext.Current.CancellationToken);
}
