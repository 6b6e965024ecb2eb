using System.Text.Json.Serialization;

namespace FtpMount.Ftp.Session;

/// <summary>Reads and writes <see cref="FtpSiteRecord"/> without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(FtpSiteRecord))]
internal sealed partial class FtpSiteRecordJson : JsonSerializerContext;
