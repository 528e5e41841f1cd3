package api

import (
	"github.com/fibonacco/fibonacco"
)

// Rule is what a route takes: at least a role, and an ability, which matters to tokens that were
// given some.
type Rule struct {
	Role    fibonacco.Role
	Ability fibonacco.Ability
}

// Permissions is the rule of each route (D11). It is the only place where this is said, with Pages
// for what people see; a route that is missing here is closed to everybody, and a test holds that
// none is. A route without a method answers all of them.
var Permissions = map[string]Rule{
	"GET /api/v1/communities":            {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/communities":           {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /api/v1/communities/{id}":       {fibonacco.Viewer, fibonacco.ReadSMBs},
	"PATCH /api/v1/communities/{id}":     {fibonacco.Manager, fibonacco.WriteSMBs},
	"DELETE /api/v1/communities/{id}":    {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /api/v1/communities/{id}/smbs":  {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/communities/{id}/stats": {fibonacco.Viewer, fibonacco.ReadSMBs},

	"GET /api/v1/communities/{id}/holidays":          {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"PUT /api/v1/communities/{id}/holidays/{day}":    {fibonacco.Manager, fibonacco.WriteCampaigns},
	"DELETE /api/v1/communities/{id}/holidays/{day}": {fibonacco.Manager, fibonacco.WriteCampaigns},

	"GET /api/v1/smbs":         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/smbs":        {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/smbs/{id}":    {fibonacco.Viewer, fibonacco.ReadSMBs},
	"PUT /api/v1/smbs/{id}":    {fibonacco.Operator, fibonacco.WriteSMBs},
	"PATCH /api/v1/smbs/{id}":  {fibonacco.Operator, fibonacco.WriteSMBs},
	"DELETE /api/v1/smbs/{id}": {fibonacco.Manager, fibonacco.WriteSMBs},

	"GET /api/v1/segments":           {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/segments":          {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/segments/{uuid}":    {fibonacco.Viewer, fibonacco.ReadSMBs},
	"PUT /api/v1/segments/{uuid}":    {fibonacco.Operator, fibonacco.WriteSMBs},
	"DELETE /api/v1/segments/{uuid}": {fibonacco.Operator, fibonacco.WriteSMBs},

	"POST /api/v1/smbs/bulk-update":              {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/smbs/bulk-update/preview":      {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/smbs/bulk-update/{uuid}/status": {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/smbs/bulk-update/{uuid}/undo":  {fibonacco.Operator, fibonacco.WriteSMBs},

	"POST /api/v1/smbs/{id}/campaign/start":  {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/smbs/{id}/campaign/pause":  {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/smbs/{id}/campaign/resume": {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/smbs/campaign/start":       {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/smbs/campaign/pause":       {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/smbs/campaign/resume":      {fibonacco.Operator, fibonacco.RunProgramme},

	"GET /api/v1/smbs/{id}/engagement":               {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/engagement/score":         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/engagement/score/history": {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/approvals":                {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/bookings":                 {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/coupons":                  {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/reviews":                  {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/explain":                  {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/smbs/{id}/campaigns":                {fibonacco.Viewer, fibonacco.ReadCampaigns},

	"POST /api/v1/smbs/import":                  {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /api/v1/smbs/import/preview":          {fibonacco.Operator, fibonacco.ImportSMBs},
	"GET /api/v1/smbs/import":                   {fibonacco.Viewer, fibonacco.ImportSMBs},
	"GET /api/v1/smbs/import/{uuid}/status":     {fibonacco.Viewer, fibonacco.ImportSMBs},
	"GET /api/v1/smbs/import/{uuid}/errors.csv": {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /api/v1/smbs/import/{uuid}/cancel":    {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /api/v1/smbs/import/{uuid}/undo":      {fibonacco.Manager, fibonacco.ImportSMBs},
	"GET /api/v1/import-mappings":               {fibonacco.Viewer, fibonacco.ImportSMBs},
	"POST /api/v1/import-mappings":              {fibonacco.Operator, fibonacco.ImportSMBs},
	"GET /api/v1/import-mappings/{uuid}":        {fibonacco.Viewer, fibonacco.ImportSMBs},
	"DELETE /api/v1/import-mappings/{uuid}":     {fibonacco.Operator, fibonacco.ImportSMBs},

	"GET /api/v1/smbs/{id}/consents":   {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/smbs/{id}/consents":  {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/suppressions":         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/suppressions":        {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/suppressions/{id}":    {fibonacco.Viewer, fibonacco.ReadSMBs},
	"DELETE /api/v1/suppressions/{id}": {fibonacco.Manager, fibonacco.WriteSMBs},
	"POST /api/v1/suppressions/import": {fibonacco.Manager, fibonacco.ImportSMBs},
	"GET /api/v1/smbs/{id}/export":     {fibonacco.Manager, fibonacco.ExportSMBs},
	"POST /api/v1/smbs/{id}/erase":     {fibonacco.Manager, fibonacco.ExportSMBs},

	"GET /api/v1/duplicates":               {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/duplicates/dismiss":      {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/duplicates/restore":      {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/smbs/{id}/duplicates":     {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/smbs/{id}/merge/preview": {fibonacco.Operator, fibonacco.ReadSMBs},
	"POST /api/v1/smbs/{id}/merge":         {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /api/v1/smbs/{id}/merges":         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/merges/{uuid}/undo":      {fibonacco.Manager, fibonacco.WriteSMBs},

	"GET /api/v1/smbs/{id}/notes":           {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/smbs/{id}/notes":          {fibonacco.Operator, fibonacco.WriteSMBs},
	"DELETE /api/v1/smbs/{id}/notes/{note}": {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /api/v1/contact-suggestions":               {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/contact-suggestions/{id}/accept":  {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/contact-suggestions/{id}/dismiss": {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/contact-suggestions/{id}/reopen":  {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /api/v1/campaigns":      {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaigns/{id}": {fibonacco.Viewer, fibonacco.ReadCampaigns},

	"GET /api/v1/campaigns/{id}/versions":     {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaigns/{id}/versions/{n}": {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaigns/{id}/stats":        {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaigns/{id}/preview":      {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaigns/figures":           {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /api/v1/campaigns/preview":          {fibonacco.Operator, fibonacco.ReadCampaigns},
	"PUT /api/v1/campaigns/{id}/subject":      {fibonacco.Manager, fibonacco.WriteCampaigns},
	"DELETE /api/v1/campaigns/{id}/subject":   {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /api/v1/campaigns/{id}/test-send":   {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/campaigns/lint":             {fibonacco.Operator, fibonacco.ReadCampaigns},
	"POST /api/v1/campaigns":                  {fibonacco.Manager, fibonacco.WriteCampaigns},
	"PUT /api/v1/campaigns/{id}":              {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /api/v1/campaigns/{id}/activate":    {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /api/v1/campaigns/{id}/deactivate":  {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /api/v1/campaigns/import":           {fibonacco.Manager, fibonacco.WriteCampaigns},

	"GET /api/v1/rvm-drops":           {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/rvm-drops/{id}":      {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/smbs/{id}/rvm-drops": {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/smbs/{id}/rvm-check": {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/rvm-drops":          {fibonacco.Operator, fibonacco.RunProgramme},
	"GET /api/v1/voicemail":           {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /api/v1/voicemail/pause":    {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/voicemail/resume":   {fibonacco.Manager, fibonacco.RunOperations},

	"GET /api/v1/content":                              everybody,
	"GET /api/v1/content/{slug}":                       everybody,
	"GET /api/v1/content/{slug}/article.pdf":           everybody,
	"GET /api/v1/content/{slug}/handout.pdf":           everybody,
	"GET /api/v1/content/{slug}/stats":                 {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/content/figures":                      {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/content/{slug}/source":                {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/content/{slug}/versions":              {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/content/{slug}/views":                 {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/content/{slug}/preview":              {fibonacco.Operator, fibonacco.ReadCampaigns},
	"PUT /api/v1/content/{slug}":                       {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /api/v1/content/{slug}/track/start":          everybody,
	"POST /api/v1/content/{slug}/track/slide":          everybody,
	"POST /api/v1/content/{slug}/track/complete":       everybody,
	"POST /api/v1/content/{slug}/track/approval-click": everybody,
	"POST /api/v1/content/{slug}/track/download":       everybody,

	"GET /api/v1/approvals":                         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /api/v1/approvals/{id}":                    {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/approvals/{id}/provision":         {fibonacco.Operator, fibonacco.WriteSMBs},
	"DELETE /api/v1/approvals/{id}":                 {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/smbs/{id}/approval-link":          {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/smbs/{id}/owner-link":             {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/smbs/{id}/revoke-links":           {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /api/v1/provisioning-tasks":                {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /api/v1/provisioning-tasks/{id}/retry":    {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/provisioning-tasks/{id}/complete": {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /api/v1/provisioning-tasks/{id}/fail":     {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /api/v1/campaign-sends":                 {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /api/v1/campaign-sends/{id}/hits":       {fibonacco.Operator, fibonacco.ReadCampaigns},
	"PUT /api/v1/campaign-sends/{id}/verdict":    {fibonacco.Operator, fibonacco.RunProgramme},
	"DELETE /api/v1/campaign-sends/{id}/verdict": {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /api/v1/campaign-sends/{id}/settle":    {fibonacco.Operator, fibonacco.RunProgramme},
	"GET /api/v1/tracking/rules":                 {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /api/v1/tracking/rejudge":              {fibonacco.Admin, fibonacco.RunOperations},
	"GET /api/v1/queues":                         {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /api/v1/queues/board":                   {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /api/v1/queues/history":                 {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /api/v1/queues/kinds":                   {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /api/v1/queues/balance":                 {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /api/v1/queues/pause":                  {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/queues/resume":                 {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/queues/{name}/pause":           {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/queues/{name}/resume":          {fibonacco.Manager, fibonacco.RunOperations},
	"GET /api/v1/jobs":                           {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /api/v1/jobs/{id}":                      {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /api/v1/jobs/retry":                    {fibonacco.Operator, fibonacco.RunOperations},
	"POST /api/v1/jobs/cancel":                   {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/jobs/delete":                   {fibonacco.Manager, fibonacco.RunOperations},
	"GET /api/v1/deliverability":                 {fibonacco.Admin, fibonacco.ReadOperations},
	"GET /api/v1/settings":                       {fibonacco.Manager, fibonacco.ReadOperations},
	"PATCH /api/v1/settings":                     {fibonacco.Admin, fibonacco.RunOperations},
	"GET /api/v1/mail-test":                      {fibonacco.Admin, fibonacco.ReadOperations},
	"POST /api/v1/mail-test":                     {fibonacco.Admin, fibonacco.RunOperations},
	"GET /api/v1/sending":                        {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /api/v1/sending/pause":                 {fibonacco.Manager, fibonacco.RunOperations},
	"POST /api/v1/sending/resume":                {fibonacco.Manager, fibonacco.RunOperations},

	"GET /api/v1/tokens":                  {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/tokens":                 {fibonacco.Admin, fibonacco.AdminAccess},
	"DELETE /api/v1/tokens/{id}":          {fibonacco.Admin, fibonacco.AdminAccess},
	"GET /api/v1/users":                   {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/users":                  {fibonacco.Admin, fibonacco.AdminAccess},
	"GET /api/v1/users/{id}":              {fibonacco.Admin, fibonacco.AdminAccess},
	"PATCH /api/v1/users/{id}":            {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/users/{id}/disable":     {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/users/{id}/enable":      {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/users/{id}/password":    {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/users/{id}/totp/reset":  {fibonacco.Admin, fibonacco.AdminAccess},
	"DELETE /api/v1/users/{id}/sessions":  {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /api/v1/session":                everybody,
	"POST /api/v1/session/code":           everybody,
	"DELETE /api/v1/session":              {fibonacco.Viewer, inPerson},
	"GET /api/v1/me":                      {fibonacco.Viewer, anyAbility},
	"GET /api/v1/me/account":              {fibonacco.Viewer, inPerson},
	"PUT /api/v1/me/password":             {fibonacco.Viewer, inPerson},
	"GET /api/v1/me/sessions":             {fibonacco.Viewer, inPerson},
	"DELETE /api/v1/me/sessions":          {fibonacco.Viewer, inPerson},
	"DELETE /api/v1/me/sessions/{id}":     {fibonacco.Viewer, inPerson},
	"GET /api/v1/me/tokens":               {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/tokens":              {fibonacco.Viewer, inPerson},
	"DELETE /api/v1/me/tokens/{id}":       {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/totp":                {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/totp/confirm":        {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/totp/disable":        {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/totp/recovery-codes": {fibonacco.Viewer, inPerson},
	"GET /api/v1/me/passkeys":             {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/passkeys/begin":      {fibonacco.Viewer, inPerson},
	"POST /api/v1/me/passkeys":            {fibonacco.Viewer, inPerson},
	"PATCH /api/v1/me/passkeys/{id}":      {fibonacco.Viewer, inPerson},
	"DELETE /api/v1/me/passkeys/{id}":     {fibonacco.Viewer, inPerson},
	"GET /api/v1/audit-log":               {fibonacco.Manager, fibonacco.AdminAccess},

	// Modules that are not part of this build: they say so to everybody who may look around.
	"/api/v1/inbound":         {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/inbound/":        {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/command-center":  {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/command-center/": {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/ai":              {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/ai/":             {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/analytics":       {fibonacco.Viewer, fibonacco.ReadOperations},
	"/api/v1/analytics/":      {fibonacco.Viewer, fibonacco.ReadOperations},
}

// Pages is the rule of each page of web/ui, by the pattern it is mounted at.
var Pages = map[string]Rule{
	"GET /{$}":             {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /overview":        {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /overview/events": {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /find":            {fibonacco.Viewer, fibonacco.ReadSMBs},

	"GET /businesses":                          {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /businesses/{id}":                     {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /businesses/import":                   {fibonacco.Operator, fibonacco.ImportSMBs},
	"GET /businesses/import/events":            {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /businesses/import":                  {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /businesses/import/preview":          {fibonacco.Operator, fibonacco.ImportSMBs},
	"GET /businesses/import/{uuid}":            {fibonacco.Viewer, fibonacco.ImportSMBs},
	"GET /businesses/import/{uuid}/events":     {fibonacco.Viewer, fibonacco.ImportSMBs},
	"GET /businesses/import/{uuid}/errors.csv": {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /businesses/import/{uuid}/cancel":    {fibonacco.Operator, fibonacco.ImportSMBs},
	"POST /businesses/import/{uuid}/undo":      {fibonacco.Manager, fibonacco.ImportSMBs},

	"GET /businesses/count":                        {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /businesses/columns":                     {fibonacco.Viewer, inPerson},
	"GET /cells/{id}/{field}/edit":                 {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /cells/{id}/{field}":                     {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /cells/{id}/{field}":                      {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /businesses/export.csv":                   exporting,
	"GET /businesses/new":                          {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/new":                         {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /communities":                             {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /communities/new":                         {fibonacco.Manager, fibonacco.WriteSMBs},
	"POST /communities/new":                        {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /communities/{id}":                        {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /communities/{id}":                       {fibonacco.Manager, fibonacco.WriteSMBs},
	"POST /communities/{id}/delete":                {fibonacco.Manager, fibonacco.WriteSMBs},
	"POST /communities/{id}/holidays":              {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /communities/{id}/holidays/{day}/remove": {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /businesses/bulk":                         {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/bulk":                        {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /businesses/bulk/{uuid}":                  {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /businesses/bulk/{uuid}/left.csv":         {fibonacco.Operator, fibonacco.ReadSMBs},
	"POST /businesses/bulk/{uuid}/undo":            {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /segments":                                {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /segments":                               {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /segments/{uuid}":                        {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /segments/{uuid}/delete":                 {fibonacco.Operator, fibonacco.WriteSMBs},

	"POST /businesses/{id}/start":  {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /businesses/{id}/pause":  {fibonacco.Operator, fibonacco.RunProgramme},
	"POST /businesses/{id}/resume": {fibonacco.Operator, fibonacco.RunProgramme},

	"GET /businesses/{id}/edit":                 {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/edit":                {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/edit-undo":           {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/notes":               {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/notes/{note}/delete": {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /businesses/{id}/consents":                         {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /businesses/{id}/consents":                        {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/contact":                         {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/suppress":                        {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/suppressions/{suppression}/lift": {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /businesses/{id}/export":                           {fibonacco.Manager, fibonacco.ExportSMBs},
	"POST /businesses/{id}/erase":                           {fibonacco.Manager, fibonacco.ExportSMBs},
	"POST /businesses/{id}/owner-link":                      {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /businesses/{id}/revoke-links":                    {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /businesses/{id}/duplicates":                       {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /businesses/{id}/merge":                            {fibonacco.Operator, fibonacco.ReadSMBs},
	"POST /businesses/{id}/merge":                           {fibonacco.Manager, fibonacco.WriteSMBs},
	"POST /merges/{uuid}/undo":                              {fibonacco.Manager, fibonacco.WriteSMBs},
	"GET /duplicates":                                       {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /duplicates/dismiss":                              {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /duplicates/restore":                              {fibonacco.Operator, fibonacco.WriteSMBs},
	"GET /suggestions":                                      {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /suggestions/{id}/accept":                         {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /suggestions/{id}/dismiss":                        {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /suggestions/{id}/reopen":                         {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /programme":                 {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /programme/holidays":       {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /programme/new":             {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /programme/new":            {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /programme/import":          {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /programme/import":         {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /programme/{id}":            {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /programme/{id}":           {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /programme/{id}/mail":       {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /programme/{id}/draft":     {fibonacco.Operator, fibonacco.ReadCampaigns},
	"POST /programme/{id}/lint":      {fibonacco.Operator, fibonacco.ReadCampaigns},
	"POST /programme/{id}/active":    {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /programme/{id}/restore":   {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /programme/{id}/subject":   {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /learning":                  {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /learning/{slug}":           {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /learning/{slug}":          {fibonacco.Manager, fibonacco.WriteCampaigns},
	"GET /learning/{slug}/page":      {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /learning/{slug}/draft":    {fibonacco.Operator, fibonacco.ReadCampaigns},
	"POST /learning/{slug}/arrange":  {fibonacco.Operator, fibonacco.ReadCampaigns},
	"POST /learning/{slug}/restore":  {fibonacco.Manager, fibonacco.WriteCampaigns},
	"POST /programme/{id}/test-send": {fibonacco.Operator, fibonacco.RunProgramme},

	"GET /queues":                {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/events":         {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/{name}":         {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /queues/pause":         {fibonacco.Manager, fibonacco.RunOperations},
	"POST /queues/resume":        {fibonacco.Manager, fibonacco.RunOperations},
	"POST /queues/{name}/pause":  {fibonacco.Manager, fibonacco.RunOperations},
	"POST /queues/{name}/resume": {fibonacco.Manager, fibonacco.RunOperations},
	"GET /queues/kinds":          {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/balance":        {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/jobs":           {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/jobs/{id}":      {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /queues/jobs/retry":    {fibonacco.Operator, fibonacco.RunOperations},
	"POST /queues/jobs/cancel":   {fibonacco.Manager, fibonacco.RunOperations},
	"POST /queues/jobs/delete":   {fibonacco.Manager, fibonacco.RunOperations},

	"GET /queues/river/{page...}":                {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /queues/river/api/{what...}":            {fibonacco.Viewer, fibonacco.ReadOperations},
	"POST /queues/river/api/jobs/retry":          {fibonacco.Operator, fibonacco.RunOperations},
	"POST /queues/river/api/jobs/cancel":         {fibonacco.Manager, fibonacco.RunOperations},
	"POST /queues/river/api/jobs/delete":         {fibonacco.Manager, fibonacco.RunOperations},
	"PUT /queues/river/api/queues/{name}/pause":  {fibonacco.Manager, fibonacco.RunOperations},
	"PUT /queues/river/api/queues/{name}/resume": {fibonacco.Manager, fibonacco.RunOperations},
	"PATCH /queues/river/api/queues/{name}":      {fibonacco.Manager, fibonacco.RunOperations},

	"GET /mailbox":                        {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /mailbox/events":                 {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /mailbox/{id}":                   {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /mailbox/{id}/html":              {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /mailbox/{id}/source":            {fibonacco.Viewer, fibonacco.ReadOperations},
	"GET /approvals/events":               {fibonacco.Viewer, fibonacco.ReadSMBs},
	"GET /approvals":                      {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /approvals/{id}/start":          {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /approvals/{id}/cancel":         {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /approvals/tasks/{id}/retry":    {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /approvals/tasks/{id}/complete": {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /approvals/tasks/{id}/fail":     {fibonacco.Operator, fibonacco.WriteSMBs},

	"GET /menu":                {fibonacco.Viewer, anyAbility},
	"GET /sends":               {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /sends/events":        {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /sends/pause":        {fibonacco.Manager, fibonacco.RunOperations},
	"POST /sends/resume":       {fibonacco.Manager, fibonacco.RunOperations},
	"POST /sends/{id}/settle":  {fibonacco.Operator, fibonacco.RunProgramme},
	"GET /voicemail":           {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"GET /voicemail/events":    {fibonacco.Viewer, fibonacco.ReadCampaigns},
	"POST /voicemail/pause":    {fibonacco.Manager, fibonacco.RunOperations},
	"POST /voicemail/resume":   {fibonacco.Manager, fibonacco.RunOperations},
	"GET /audit":               {fibonacco.Manager, fibonacco.AdminAccess},
	"GET /team":                {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team":               {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/role":     {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/disable":  {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/enable":   {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/password": {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/sessions": {fibonacco.Admin, fibonacco.AdminAccess},

	"POST /team/{id}/communities": {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /team/{id}/totp":        {fibonacco.Admin, fibonacco.AdminAccess},

	"POST /clock": {fibonacco.Operator, fibonacco.RunOperations},
	"/":           {fibonacco.Viewer, anyAbility},

	"GET /settings":                           {fibonacco.Manager, fibonacco.ReadOperations},
	"GET /settings/deliverability":            {fibonacco.Admin, fibonacco.ReadOperations},
	"GET /settings/tokens":                    {fibonacco.Admin, fibonacco.AdminAccess},
	"POST /settings/tokens/{id}/revoke":       {fibonacco.Admin, fibonacco.AdminAccess},
	"GET /settings/suppressions":              {fibonacco.Viewer, fibonacco.ReadSMBs},
	"POST /settings/suppressions":             {fibonacco.Operator, fibonacco.WriteSMBs},
	"POST /settings/suppressions/import":      {fibonacco.Manager, fibonacco.ImportSMBs},
	"POST /settings/suppressions/{id}/remove": {fibonacco.Manager, fibonacco.WriteSMBs},

	"GET /setup/security":     {fibonacco.Admin, inPerson},
	"GET /setup/company":      {fibonacco.Admin, inPerson},
	"POST /setup/company":     {fibonacco.Admin, inPerson},
	"GET /setup/domain":       {fibonacco.Admin, inPerson},
	"POST /setup/domain":      {fibonacco.Admin, inPerson},
	"GET /setup/domain/check": {fibonacco.Admin, inPerson},
	"GET /setup/mail":         {fibonacco.Admin, inPerson},
	"POST /setup/mail":        {fibonacco.Admin, inPerson},
	"GET /setup/community":    {fibonacco.Admin, inPerson},
	"POST /setup/community":   {fibonacco.Admin, inPerson},
	"GET /setup/businesses":   {fibonacco.Admin, inPerson},
	"GET /setup/sample.csv":   {fibonacco.Admin, inPerson},
	"GET /setup/start":        {fibonacco.Admin, inPerson},
	"POST /setup/finish":      {fibonacco.Admin, inPerson},

	"GET /account":                       {fibonacco.Viewer, inPerson},
	"POST /account/password":             {fibonacco.Viewer, inPerson},
	"POST /account/totp":                 {fibonacco.Viewer, inPerson},
	"POST /account/totp/confirm":         {fibonacco.Viewer, inPerson},
	"POST /account/totp/disable":         {fibonacco.Viewer, inPerson},
	"POST /account/totp/codes":           {fibonacco.Viewer, inPerson},
	"POST /account/passkeys/begin":       {fibonacco.Viewer, inPerson},
	"POST /account/passkeys":             {fibonacco.Viewer, inPerson},
	"POST /account/passkeys/{id}/name":   {fibonacco.Viewer, inPerson},
	"POST /account/passkeys/{id}/remove": {fibonacco.Viewer, inPerson},
	"POST /account/tokens":               {fibonacco.Viewer, inPerson},
	"POST /account/tokens/{id}/revoke":   {fibonacco.Viewer, inPerson},
	"POST /account/sessions/{id}/end":    {fibonacco.Viewer, inPerson},
	"POST /account/sessions/end":         {fibonacco.Viewer, inPerson},
}

// Metrics is the rule of /metrics, for whoever does not sit on this machine.
var Metrics = Rule{fibonacco.Viewer, fibonacco.ReadOperations}

// What stands in a rule where no ability would do.
const (
	// anyAbility is for what tells nothing but who asks.
	anyAbility fibonacco.Ability = ""
	// inPerson keeps tokens out: people only, with a session. For what opens other ways in.
	inPerson fibonacco.Ability = "in person"
)

// everybody is the rule of a route that is open to the world: signing in, and what visitors of learning pages do.
var everybody = Rule{Role: "everybody"}

// exporting is what an export of a list takes beside the list's own rule.
var exporting = Rule{fibonacco.Viewer, fibonacco.ExportSMBs}

// Allow returns Forbidden unless p may do what a rule guards.
func (r Rule) Allow(p *fibonacco.Principal) error {
	switch {
	case p.Role == fibonacco.Owner:
		return fibonacco.Errorf(fibonacco.Forbidden, "this is not open to the role %s", p.Role)
	case !p.Role.AtLeast(r.Role):
		return fibonacco.Errorf(fibonacco.Forbidden, "this takes the role %s or more, and yours is %s", r.Role, p.Role)
	case r.Ability == inPerson && p.TokenID != 0:
		return fibonacco.Errorf(fibonacco.Forbidden, "this takes a person who has signed in, and cannot be done with a token")
	case r.Ability != anyAbility && r.Ability != inPerson && !p.May(r.Ability):
		return fibonacco.Errorf(fibonacco.Forbidden, "this takes the ability %s, which the token does not have", r.Ability)
	}
	return nil
}

// permit returns Forbidden unless p may use a route.
func permit(pattern string, p *fibonacco.Principal) error {
	rule, ok := Permissions[pattern]
	if !ok {
		return fibonacco.Errorf(fibonacco.Forbidden, "this is not open to the role %s", p.Role)
	}
	return rule.Allow(p)
}
