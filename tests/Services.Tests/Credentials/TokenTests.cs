using System.Buffers.Text;
using System.Text;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Credentials;
using k8s.Models;

namespace Dpf.Services.Tests.Credentials;

public sealed class TokenTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("24h", 86400)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("10m0s", 600)]
    public void Durations_are_read_as_Go_writes_them(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), GoDuration.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("h")]
    [InlineData("1d")]
    public void What_is_no_duration_is_an_error(string text) => Assert.Throws<FormatException>(() => GoDuration.Parse(text));

    [Theory]
    [InlineData(1, 48)]
    [InlineData(24, 24 * 60 * 0.8)]
    [InlineData(30, 24 * 60)]
    [InlineData(1000, 24 * 60)]
    public void A_token_is_due_with_a_fifth_of_its_life_left_or_after_a_day(int hours, double minutes) =>
        Assert.Equal(Start.AddMinutes(minutes), TokenSchedule.Due(Start, Start.AddHours(hours), TimeSpan.Zero));

    [Fact]
    public void An_overdue_token_is_looked_at_soon_and_not_never() =>
        Assert.Equal(TimeSpan.FromSeconds(1), TokenSchedule.Delay(Start.AddHours(-1), Start));

    [Fact]
    public void A_new_token_is_asked_for_only_with_a_reason()
    {
        var token = new IssuedToken("t", Start, Start.AddHours(1), "uid");
        var view = new TokenDecision.View(token, "uid", TimeSpan.FromHours(1), false, Start.AddMinutes(10), TimeSpan.Zero);
        Assert.Null(TokenDecision.WhyNew(view));
        Assert.Equal("there is none", TokenDecision.WhyNew(view with { Token = null }));
        Assert.Equal("its account is gone", TokenDecision.WhyNew(view with { AccountUid = null }));
        Assert.Equal("its account was made anew", TokenDecision.WhyNew(view with { AccountUid = "other" }));
        Assert.Equal("it is due", TokenDecision.WhyNew(view with { Now = Start.AddMinutes(48) }));
        Assert.Equal("it is due", TokenDecision.WhyNew(view with { Now = Start.AddMinutes(47), Jitter = TimeSpan.FromSeconds(61) }));
        Assert.Equal("another duration is wanted", TokenDecision.WhyNew(view with { Wanted = TimeSpan.FromHours(2), IsNewSpec = true }));

        // A server that gives less than was asked for is not asked again and again.
        Assert.Null(TokenDecision.WhyNew(view with { Wanted = TimeSpan.FromHours(2) }));
        Assert.Null(TokenDecision.WhyNew(view with { Wanted = null, IsNewSpec = true }));
    }

    [Fact]
    public void A_token_tells_its_times_and_its_account()
    {
        var token = IssuedToken.Read(Jwt("""{"iat":100,"exp":3700,"kubernetes.io":{"serviceaccount":{"uid":"u"}}}"""))!;
        Assert.Equal((100, 3700, "u"), (token.Issued.ToUnixTimeSeconds(), token.Expires.ToUnixTimeSeconds(), token.AccountUid));
        Assert.DoesNotContain(token.Token, token.ToString(), StringComparison.Ordinal);
        Assert.Null(IssuedToken.Read("opaque"));
        Assert.Null(IssuedToken.Read("a.!!.c"));
        Assert.Null(IssuedToken.Read(Jwt("{}")));
        Assert.Null(IssuedToken.Read(null));
    }

    [Fact]
    public void A_token_file_has_what_a_pod_needs_to_be_at_home()
    {
        var secret = CredentialSecret.Of(Request("tokenFile"), new TargetCluster("c", new Uri("https://api.example"), "CA"), "T");
        Assert.Equal(
            ["KUBERNETES_CA_DATA=CA", "KUBERNETES_SERVICE_HOST=api.example", "KUBERNETES_SERVICE_PORT=443", "TOKEN_FILE=T"],
            secret.Data.Select(d => $"{d.Key}={Encoding.UTF8.GetString(d.Value)}").Order());
        Assert.Equal("default", secret.Metadata.NamespaceProperty);
        Assert.Equal("", secret.Metadata.Labels["dpu.nvidia.com/image-pull-secret"]);
        Assert.Equal("T", CredentialSecret.TokenIn(secret));
    }

    [Fact]
    public void A_kubeconfig_can_be_used_as_it_is()
    {
        var secret = CredentialSecret.Of(Request("kubeconfig"), new TargetCluster("c", new Uri("https://10.0.0.1:6443/"), "CA"), "T");
        var connection = KubeConnection.FromKubeconfig(Encoding.UTF8.GetString(secret.Data["kubeconfig"]));
        Assert.Equal(("https://10.0.0.1:6443/", "CA", "T"), (connection.Server.ToString(), connection.CertificateAuthority, connection.Token!()));
        Assert.Equal("T", CredentialSecret.TokenIn(secret));
        Assert.Null(CredentialSecret.TokenIn(new V1Secret { Data = new Dictionary<string, byte[]> { ["kubeconfig"] = "x"u8.ToArray() } }));
    }

    private static DpuServiceCredentialRequest Request(string type) => new()
    {
        Metadata = new V1ObjectMeta { Name = "r", NamespaceProperty = "ns" },
        Spec = new DpuServiceCredentialRequestSpec
        {
            Type = type,
            ServiceAccount = new DpuServiceCredentialRequestSecret { Name = "account" },
            Secret = new DpuServiceCredentialRequestSecret { Name = "answer" },
            Metadata = new ServiceInterfaceSetMetadata { Labels = new() { ["dpu.nvidia.com/image-pull-secret"] = "" } },
        },
    };

    private static string Jwt(string claims) => $"e30.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.sig";
}
